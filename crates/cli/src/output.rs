//! Standard output and standard error, as lines or as JSON.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program whose answers are printed")]

use std::collections::BTreeMap;
use std::path::Path;

use lanyard_station::api::Problem;
use serde::Serialize;

/// An answer: one JSON value, or what `lines` makes of it.
pub fn answer<T: Serialize>(json: bool, value: &T, lines: impl FnOnce(&T) -> Vec<String>) {
    if json {
        println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        for line in lines(value) {
            println!("{line}");
        }
    }
}

/// What is under way.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// One line on standard output.
pub fn line(text: &str) {
    println!("{text}");
}

/// What went wrong.
pub fn problem(problem: &Problem, json: bool) {
    if json {
        println!("{}", serde_json::to_string_pretty(problem).unwrap_or_default());
    }
    let details: Vec<String> = problem.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let Problem { code, fault, helps, .. } = problem;
    eprintln!("lanyard: {code} {} (fault: {fault}; helps: {helps})", details.join(" "));
}

/// A file of the caller's that cannot be read or written.
pub fn file_problem(file: &Path, error: &std::io::Error) -> Problem {
    Problem {
        code: "file.failed".to_owned(),
        fault: "operator".to_owned(),
        helps: "same_again".to_owned(),
        details: BTreeMap::from([
            ("file".to_owned(), file.display().to_string()),
            ("kind".to_owned(), error.kind().to_string()),
        ]),
    }
}

/// What was said on the command line does not make sense.
pub fn usage_problem(what: &str, value: &str) -> Problem {
    Problem {
        code: "usage.argument".to_owned(),
        fault: "operator".to_owned(),
        helps: "same_again".to_owned(),
        details: BTreeMap::from([("what".to_owned(), what.to_owned()), ("value".to_owned(), value.to_owned())]),
    }
}
