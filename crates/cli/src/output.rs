//! Standard output and standard error, as lines or as JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use lanyard_station::api::Problem;
use serde::Serialize;

/// An answer: one JSON value, or what `lines` makes of it.
pub fn answer<T: Serialize>(json: bool, value: &T, lines: impl FnOnce(&T) -> Vec<String>) {
    if json {
        line(&serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        lines(value).iter().for_each(|text| line(text));
    }
}

/// What is under way.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// One line on standard output. What was done is done, whether or not somebody still listens (`lanyard … | head`).
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What went wrong.
pub fn problem(problem: &Problem, json: bool) {
    if json {
        line(&serde_json::to_string_pretty(problem).unwrap_or_default());
    }
    let details: Vec<String> = problem.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let Problem { code, fault, helps, .. } = problem;
    note(&format!("lanyard: {code} {} (fault: {fault}; helps: {helps})", details.join(" ")));
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
