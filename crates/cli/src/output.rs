//! Standard output and standard error, as lines or as JSON.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use lanyard_station::api::Problem;
use serde::Serialize;

/// Standard output holds its JSON value.
static ANSWERED: AtomicBool = AtomicBool::new(false);
/// Why standard output took no more.
static LOST: OnceLock<ErrorKind> = OnceLock::new();

/// An answer: one JSON value, or what `lines` makes of it.
pub fn answer<T: Serialize>(json: bool, value: &T, lines: impl FnOnce(&T) -> Vec<String>) {
    if json {
        ANSWERED.store(true, Ordering::Relaxed);
        line(&serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        lines(value).iter().for_each(|text| line(text));
    }
}

/// What is under way.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// One line on standard output. What was done is done, whether or not somebody still listens (`lanyard … | head`); where it
/// could not be written for another reason, [`lost`] says so in the end.
pub fn line(text: &str) {
    let mut out = std::io::stdout();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = LOST.set(error.kind());
    }
}

/// What a caller must not take for done: an answer that was not written, a full disk's for instance.
pub fn lost() -> Option<Problem> {
    LOST.get().map(|kind| file_problem(Path::new("standard output"), &(*kind).into()))
}

/// What was said on the command line is no command: the words for it are the parser's own.
pub fn called_wrongly(kind: &str) {
    line(&serde_json::to_string_pretty(&usage_problem("arguments", kind)).unwrap_or_default());
}

/// Done, and there is nothing to say but that: not even that much without `--json`.
pub fn done<T: Serialize>(json: bool, what: &str, value: T) {
    answer(json, &BTreeMap::from([(what, value)]), |_| Vec::new());
}

/// What went wrong: the JSON value, where that is asked for and no answer came before, and a line on standard error.
pub fn problem(problem: &Problem, json: bool) {
    if json && !ANSWERED.load(Ordering::Relaxed) {
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
