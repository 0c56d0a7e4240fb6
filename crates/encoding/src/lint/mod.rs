//! What is wrong or risky in a description, before a card is touched: a pure function of the text and today's date.
//!
//! What no card could be made of is found by [`Encoding::examine`] and reported here as errors of the same kind. All
//! else are rules about risk; a named person may take a risk upon themselves until a day (`[[accept]]`).

mod card;
mod files;
mod keys;
mod rule;

use serde::Serialize;

pub use rule::Severity;
use rule::{Rule, of_problem};

use crate::description::Encoding;
use crate::{Date, EncodingError};

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable, lower case: `free_read`. Named by `[[accept]]`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the description: `application 4C5901, file 1`.
    pub at: String,
    /// Line in the text, from 1.
    pub line: u32,
    /// Column in the text, from 1.
    pub column: u32,
    /// What exactly: the roles, names or numbers that it is about.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// Who took the risk, if somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
}

/// Finds what there is, in the order of the text.
#[must_use]
pub fn lint(text: &str, today: Date) -> Vec<Finding> {
    let encoding = match Encoding::examine(text) {
        Ok(encoding) => encoding,
        Err(errors) => return errors.iter().map(broken).collect(),
    };
    let mut found = Found { encoding: &encoding, findings: Vec::new() };
    card::rules(&mut found);
    keys::rules(&mut found);
    files::rules(&mut found);
    let mut findings = found.findings;
    accept(&encoding, today, &mut findings);
    findings.sort_by(|a, b| (a.line, a.column, a.code).cmp(&(b.line, b.column, b.code)));
    findings
}

/// The codes of all rules about descriptions that can be read.
pub fn lint_codes() -> impl Iterator<Item = &'static str> {
    Rule::ALL.iter().map(|rule| rule.code())
}

/// What the rules have found so far.
struct Found<'e> {
    encoding: &'e Encoding,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn add(&mut self, rule: Rule, at: &str, what: impl Into<String>) {
        let finding = finding(self.encoding, rule, at, what.into());
        self.findings.push(finding);
    }
}

fn finding(encoding: &Encoding, rule: Rule, at: &str, what: String) -> Finding {
    let place = encoding.place(at).or_else(|| encoding.place("card"));
    let (line, column) = place.map_or((1, 1), |place| (place.line, place.column));
    let (severity, why, help) = (rule.severity(), rule.why(), rule.help());
    Finding { code: rule.code(), severity, at: at.to_owned(), line, column, what, why, help, accepted_by: None }
}

/// Of a description that cannot be read.
fn broken(error: &EncodingError) -> Finding {
    let (code, at, line, column, what) = match error {
        EncodingError::Invalid { at, line, column, problem } => {
            (of_problem(problem), at.clone(), *line, *column, problem.to_string())
        }
        EncodingError::Unreadable { key, line, column, why } => {
            ("unreadable", key.clone(), *line, *column, why.clone())
        }
        other => ("unreadable", String::new(), 1, 1, other.to_string()),
    };
    Finding {
        code,
        severity: Severity::Error,
        at,
        line,
        column,
        what,
        why: "No card can be written with it.",
        help: "Correct what stands there.",
        accepted_by: None,
    }
}

/// A risk that a named person has taken counts as a note until the day they gave.
fn accept(encoding: &Encoding, today: Date, findings: &mut Vec<Finding>) {
    let mut own = Vec::new();
    for accepted in &encoding.accepted {
        let at = format!("accept {}", accepted.finding);
        if !Rule::ALL.iter().any(|rule| rule.code() == accepted.finding && rule.is_a_risk()) {
            own.push(finding(encoding, Rule::AcceptUnknown, &at, accepted.finding.clone()));
            continue;
        }
        let meant = |finding: &&mut Finding| {
            finding.code == accepted.finding && accepted.at.as_ref().is_none_or(|at| *at == finding.at)
        };
        let mut meant: Vec<_> = findings.iter_mut().filter(meant).collect();
        if accepted.until < today {
            let what = format!("{} by {}, until {}", accepted.finding, accepted.by, accepted.until);
            own.push(finding(encoding, Rule::AcceptExpired, &at, what));
        } else if meant.is_empty() {
            own.push(finding(encoding, Rule::AcceptUnused, &at, accepted.finding.clone()));
        } else {
            for finding in &mut meant {
                finding.severity = Severity::Note;
                finding.accepted_by = Some(accepted.by.clone());
            }
        }
    }
    findings.append(&mut own);
}
