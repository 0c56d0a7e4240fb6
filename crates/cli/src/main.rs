//! `lanyard`: the station without a window, for scripts and tests.
//!
//! Standard output carries the answer (as lines, or with `--json` as one JSON value, whatever came of it); standard error what
//! is under way and what went wrong. Exit code 0: done; 1: refused or failed, with the error's code; 2: called wrongly.

mod arguments;
mod catalogue;
mod commands;
mod demo;
mod encoding;
mod issue;
mod keys;
mod output;
mod rehearse;
mod rekey;
mod roles;
mod secret;
mod selftest;
mod stock;
mod token;
mod waits;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|wrong| {
        if wrong.use_stderr() && std::env::args_os().any(|word| word == "--json") {
            output::called_wrongly(&wrong.kind().to_string());
        }
        wrong.exit()
    });
    let done = commands::run(&arguments);
    if let Err(problem) = &done {
        output::problem(problem, arguments.json);
    }
    match output::lost() {
        Some(lost) => output::problem(&lost, false),
        None if done.is_ok() => return ExitCode::SUCCESS,
        None => {}
    }
    ExitCode::FAILURE
}
