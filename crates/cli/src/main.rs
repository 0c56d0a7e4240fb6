//! `lanyard`: the station without a window, for scripts and tests.
//!
//! Standard output carries the answer (as lines, or with `--json` as one JSON value); standard error what is under way
//! and what went wrong. Exit code 0: done; 1: refused or failed, with the error's code; 2: called wrongly.

mod arguments;
mod catalogue;
mod commands;
mod demo;
mod encoding;
mod issue;
mod output;
mod rehearse;
mod rekey;
mod roles;
mod secret;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // What lint finds is its answer already: standard output holds one JSON value.
            output::problem(&problem, arguments.json && problem.code != encoding::ERRORS_FOUND);
            ExitCode::FAILURE
        }
    }
}
