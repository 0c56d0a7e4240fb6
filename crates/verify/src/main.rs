//! `lanyard-verify BUNDLE`: checks a history bundle, and nothing else. No store, no network, no key of ours.
//!
//! Exit 0: it holds. 1: at least one fault. 2: it cannot be read, its verdict cannot be told, or the command line is wrong.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lanyard_history::note::Cosigner;
use lanyard_history::verify::{Options, Report, verify};
use lanyard_history::words::{self, Lang};
use lanyard_history::{Checkpoint, Error, Hash, hex};

/// Checks a history bundle of Lanyard: every signature, every link, every value shown.
#[derive(Parser)]
#[command(version, name = "lanyard-verify")]
struct Arguments {
    /// The bundle, a ZIP.
    bundle: PathBuf,
    /// The root that you know: its public key or fingerprint in hex, or @FILE that holds one of them.
    #[arg(long, value_name = "HEX|@FILE", value_parser = root)]
    root: Option<Hash>,
    /// An earlier checkpoint, kept elsewhere, that this history must extend.
    #[arg(long, value_name = "OLD-CHECKPOINT", value_parser = since)]
    since: Option<String>,
    /// A witness whose word counts: name+id+key, or its public key in hex. May be given several times.
    #[arg(long, value_name = "KEY", num_args = 1.., value_parser = witness)]
    witness: Vec<Cosigner>,
    /// Values and pictures that are not shown are faults, unless erased.
    #[arg(long)]
    complete: bool,
    /// The verdict as JSON.
    #[arg(long)]
    json: bool,
    /// Language of the verdict.
    #[arg(long, default_value = "en")]
    lang: Language,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    En,
    Fr,
    De,
    Sv,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Fr => Self::Fr,
            Language::De => Self::De,
            Language::Sv => Self::Sv,
        }
    }
}

fn root(text: &str) -> Result<Hash, String> {
    let read;
    let text = match text.strip_prefix('@') {
        None => text,
        Some(path) => {
            read = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
            if let Ok(raw) = read.as_slice().try_into() {
                return Ok(raw);
            }
            std::str::from_utf8(&read).unwrap_or_default()
        }
    };
    // The fingerprint is told in groups, and may be given back so.
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    hex::decode_fixed(&digits.to_ascii_lowercase()).ok_or_else(|| "64 hex digits expected".to_owned())
}

fn since(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    match Checkpoint::parse_note(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

fn witness(text: &str) -> Result<Cosigner, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

fn run(arguments: &Arguments, options: &Options) -> Result<Report, Error> {
    let bundle = File::open(&arguments.bundle)?;
    if bundle.metadata()?.is_dir() {
        return Err(Error::Io(ErrorKind::IsADirectory.into()));
    }
    verify(BufReader::new(bundle), options)
}

fn main() -> ExitCode {
    let mut arguments = Arguments::try_parse().unwrap_or_else(|wrong| {
        if wrong.use_stderr() && std::env::args_os().any(|word| word == "--json") {
            // What is wrong with the command line stands on standard error.
            let _ = writeln!(std::io::stdout(), "{:#}", unreadable(&wrong.kind().to_string()));
        }
        wrong.exit()
    });
    let options = Options {
        root: arguments.root.take(),
        since: arguments.since.take(),
        witnesses: std::mem::take(&mut arguments.witness),
        complete: arguments.complete,
    };
    let lang = arguments.lang.into();
    let result = run(&arguments, &options);
    let file = arguments.bundle.display().to_string();
    let (text, code) = match (&result, arguments.json) {
        (Ok(report), true) => (format!("{:#}\n", report.json()), report.exit_code()),
        (Ok(report), false) => (words::tell(report, lang), report.exit_code()),
        (Err(Error::Io(error)), true) => (format!("{:#}\n", unreadable(&format!("{file}: {error}"))), 2),
        (Err(error), true) => (format!("{:#}\n", unreadable(&error.to_string())), 2),
        (Err(error), false) => (words::unreadable(&file, error, lang) + "\n", 2),
    };
    // A reader that hung up must not turn a verdict into a success, nor a full disk into a fault of the history.
    let told = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
    match told {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "lanyard-verify: the verdict was not written: {error}");
            ExitCode::from(if code == 0 { 2 } else { code })
        }
    }
}

/// The same members as a report, and why.
fn unreadable(why: &str) -> serde_json::Value {
    serde_json::json!({
        "verdict": "unreadable", "level": null, "root": "not compared", "fingerprint": null,
        "faults": [], "remarks": [], "counts": {}, "why": why,
    })
}
