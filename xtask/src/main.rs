//! `cargo xtask <command>`: everything that is done with this repository, on a fresh machine too.

mod bench;
mod floors;
mod fuzz;
mod lint;
mod run;
mod shell;
mod system;
mod test;
mod ui;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  run [--headless]   build and open the station; without a display, or with --headless, issue one badge in rehearsal
                     and leave pictures, card, certificate and history in target/demo/
  test               set up what the tests need, run all of them
  bench [NAME]       measure, print tables
  fuzz [TARGET] [--seconds N] [--keep]
                     think up hostile input, a minute for each target; --keep adds what reaches new code to fuzz/corpus
  lint               formatting, clippy, floors, front end, licences
  floors             check that every arrow between crates points downwards
  types              write ui/shared/generated from crates/station/src/api
  setup              install the system packages that run and test need";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["run", rest @ ..] => run::run(rest),
        ["test"] => test::test(),
        ["bench", rest @ ..] => bench::bench(rest),
        ["lint"] => lint::lint(),
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        ["floors"] => floors::floors(),
        ["types"] => test::types(&["-p", "lanyard-station"]),
        ["setup"] => system::install(system::DESKTOP).and_then(|()| system::install(system::TEST)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\nxtask: {why}");
            ExitCode::FAILURE
        }
    }
}
