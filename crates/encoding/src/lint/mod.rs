//! What is wrong or risky in a description, before a card is touched: a pure function of the text and today's date.
//!
//! What no card could be made of is found by [`Encoding::examine`] and reported here as errors of the same kind. All
//! else are rules about risk; a named person may take a risk upon themselves until a day (`[[accept]]`).

mod card;
mod files;
mod keys;
mod rule;

use std::collections::BTreeMap;

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
    /// The same as `what`, for words in another language: by name, roles, names and numbers alone. Of a description that
    /// no card could be made of, `problem` says which ([`crate::Problem::word`]).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<&'static str, String>,
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
        self.about(rule, at, what, []);
    }

    /// As [`Found::add`], with what it is about by name.
    fn about<const N: usize>(
        &mut self,
        rule: Rule,
        at: &str,
        what: impl Into<String>,
        details: [(&'static str, String); N],
    ) {
        let finding = finding(self.encoding, rule, at, what.into(), details.into());
        self.findings.push(finding);
    }
}

fn finding(
    encoding: &Encoding,
    rule: Rule,
    at: &str,
    what: String,
    details: BTreeMap<&'static str, String>,
) -> Finding {
    let place = encoding.place(at).or_else(|| encoding.place("card"));
    let (line, column) = place.map_or((1, 1), |place| (place.line, place.column));
    let (severity, why, help) = (rule.severity(), rule.why(), rule.help());
    Finding {
        code: rule.code(),
        severity,
        at: at.to_owned(),
        line,
        column,
        what,
        why,
        help,
        details,
        accepted_by: None,
    }
}

/// Of a description that cannot be read.
fn broken(error: &EncodingError) -> Finding {
    let mut details = BTreeMap::new();
    let (code, at, line, column, what) = match error {
        EncodingError::Invalid { at, line, column, problem } => {
            details.insert("problem", problem.word().to_owned());
            details.extend(problem.details());
            (of_problem(problem), at.clone(), *line, *column, problem.to_string())
        }
        EncodingError::Unreadable { key, line, column, why } => {
            details.insert("why", why.clone());
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
        details,
        accepted_by: None,
    }
}

/// A risk that a named person has taken counts as a note until the day they gave.
fn accept(encoding: &Encoding, today: Date, findings: &mut Vec<Finding>) {
    let mut own = Vec::new();
    for accepted in &encoding.accepted {
        let at = format!("accept {}", accepted.finding);
        let details = BTreeMap::from([
            ("finding", accepted.finding.clone()),
            ("by", accepted.by.clone()),
            ("until", accepted.until.to_string()),
        ]);
        if !Rule::ALL.iter().any(|rule| rule.code() == accepted.finding && rule.is_a_risk()) {
            own.push(finding(encoding, Rule::AcceptUnknown, &at, accepted.finding.clone(), details));
            continue;
        }
        let meant = |finding: &&mut Finding| {
            finding.code == accepted.finding && accepted.at.as_ref().is_none_or(|at| *at == finding.at)
        };
        let mut meant: Vec<_> = findings.iter_mut().filter(meant).collect();
        if accepted.until < today {
            let what = format!("{} by {}, until {}", accepted.finding, accepted.by, accepted.until);
            own.push(finding(encoding, Rule::AcceptExpired, &at, what, details));
        } else if meant.is_empty() {
            own.push(finding(encoding, Rule::AcceptUnused, &at, accepted.finding.clone(), details));
        } else {
            for finding in &mut meant {
                finding.severity = Severity::Note;
                finding.accepted_by = Some(accepted.by.clone());
            }
        }
    }
    findings.append(&mut own);
}
