//! `lanyard encoding lint | plan | diff`: descriptions checked, planned and compared without a card. Nothing of a vault is
//! opened. What the house keeps of them is in `catalogue`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use lanyard_desfire::{Family, Link};
use lanyard_encoding::{
    Change, Cost, Date, Diff, Encoding, EncodingError, Finding, How, Preview, SegmentPlan, Severity, Values, diff,
    lint, preview,
};
use lanyard_fault::Coded;
use lanyard_station::api::{PersonView, Problem};

use crate::commands::read_text;
use crate::output::{answer, usage_problem};

#[derive(Subcommand)]
pub enum EncodingCommand {
    /// Keep a description in the house, as the next version of its name. Refused with what lint has against it.
    Add {
        /// The description.
        file: PathBuf,
        /// Make the keys that it names and the vault does not have.
        #[arg(long)]
        make_keys: bool,
    },
    /// List the house's encodings.
    List,
    /// Print a description that the house keeps.
    Show {
        /// Its name.
        name: String,
        /// The newest, where none is named.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Write cards with the newest version of this name from now on.
    Use {
        /// Its name.
        name: String,
    },
    /// Give cards that come by the keys of another encoding, or the newest of their own, until you stop it: Ctrl-C ends
    /// after the card under way.
    Rekey(Rekey),
    #[command(flatten)]
    Description(DescriptionCommand),
}

#[derive(Args)]
pub struct Rekey {
    /// Name of the encoding that the cards have.
    pub from: String,
    /// Name of that whose keys they are to have.
    pub to: String,
    /// The reader's name; without it whichever is used for writing cards.
    #[arg(long)]
    pub reader: Option<String>,
    /// Stop after so many cards.
    #[arg(long, value_name = "COUNT")]
    pub cards: Option<u32>,
    /// Stop when no other card was laid for so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u64>,
}

/// About a file, without a house.
#[derive(Subcommand)]
pub enum DescriptionCommand {
    /// Find what is wrong or risky in a description. Exit code 1 where anything is an error.
    Lint {
        /// The description.
        file: PathBuf,
        /// As if this were today, `2026-11-24`: which accepted risks are still accepted.
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
    },
    /// Show each step on a card that need not be there: exchanges and bytes, memory, time on the air at four bit rates.
    Plan(Plan),
    /// Say what changes on a card of the first description to make one of the second of it.
    Diff {
        /// As cards are.
        from: PathBuf,
        /// As they are to be.
        to: PathBuf,
    },
}

#[derive(Args)]
pub struct Plan {
    /// The description.
    pub file: PathBuf,
    /// With this person's values: id, staff number, or words that only one person answers to.
    #[arg(long, value_name = "PERSON", conflicts_with = "sample", required_unless_present = "sample")]
    pub person: Option<String>,
    /// With made-up values that fill every field.
    #[arg(long)]
    pub sample: bool,
    /// Which card.
    #[arg(long, value_enum, default_value_t = Card::Ev2)]
    pub card: Card,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Card {
    Ev1,
    Ev2,
    Ev3,
}

/// What is asked of the station, if anything is: the view of a person.
pub type PersonOf<'a> = &'a dyn Fn(&str) -> Result<PersonView, Problem>;

/// Carries out what was asked for. `today` in days after 1970-01-01.
pub fn run(command: &DescriptionCommand, person: PersonOf<'_>, today: i64, json: bool) -> Result<(), Problem> {
    match command {
        DescriptionCommand::Lint { file, on } => {
            let today = match on {
                Some(on) => Date::parse(on).ok_or_else(|| usage_problem("--on", on))?,
                None => Date::from_days(today).ok_or_else(|| usage_problem("clock", ""))?,
            };
            let findings = lint(&read_text(file)?, today);
            answer(json, &findings, |findings| findings.iter().flat_map(|found| finding_lines(file, found)).collect());
            match findings.iter().filter(|finding| finding.severity == Severity::Error).count() {
                0 => Ok(()),
                errors => Err(problem_of("encoding.lint.errors", &[("errors", errors.to_string())])),
            }
        }
        DescriptionCommand::Plan(wish) => {
            let encoding = parse(&wish.file)?;
            let values = match &wish.person {
                Some(words) => values_of(&encoding, &person(words)?),
                None => Values::sample(&encoding),
            };
            let family = match wish.card {
                Card::Ev1 => Family::Ev1,
                Card::Ev2 => Family::Ev2,
                Card::Ev3 => Family::Ev3,
            };
            let preview = preview(&encoding, &values, family, Link::wrapped(64).with_long_commands()).map_err(coded)?;
            answer(json, &preview, plan_lines);
            Ok(())
        }
        DescriptionCommand::Diff { from, to } => {
            answer(json, &diff(&parse(from)?, &parse(to)?), diff_lines);
            Ok(())
        }
    }
}

fn parse(file: &Path) -> Result<Encoding, Problem> {
    Encoding::parse(&read_text(file)?).map_err(coded)
}

fn coded(error: EncodingError) -> Problem {
    Problem {
        code: error.code().to_owned(),
        fault: error.fault().word().to_owned(),
        helps: error.helps().word().to_owned(),
        details: error.details().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn problem_of(code: &str, details: &[(&str, String)]) -> Problem {
    Problem {
        code: code.to_owned(),
        fault: "operator".to_owned(),
        helps: "another".to_owned(),
        details: details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

/// The person's own fields; what the card alone brings (its number, its signed record) is made up.
fn values_of(encoding: &Encoding, person: &PersonView) -> Values {
    let mut values = Values::sample(encoding);
    let known: BTreeMap<&str, &str> =
        person.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    for name in encoding.values() {
        if let Some(value) = name.strip_prefix("person.").and_then(|name| known.get(name)) {
            values.set(name, *value);
        }
    }
    values
}

fn finding_lines(file: &Path, finding: &Finding) -> Vec<String> {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let accepted = finding.accepted_by.as_ref().map_or(String::new(), |by| format!(" (accepted by {by})"));
    let place = format!("{}:{}:{}", file.display(), finding.line, finding.column);
    vec![
        format!("{place}: {severity} {}{accepted}: {}: {}", finding.code, finding.at, finding.what),
        format!("    {} {}", finding.why, finding.help),
    ]
}

fn plan_lines(preview: &Preview) -> Vec<String> {
    let row = |what: &str, cost: &Cost, air: &[u64; 4]| {
        let ms = air.map(|us| format!("{:>7.1}", us as f64 / 1000.0)).join(" ");
        format!("{what:<28} {:>9} {:>6} {:>8} {ms}", cost.exchanges, cost.sent, cost.received)
    };
    let mut lines = vec![format!(
        "{:<28} {:>9} {:>6} {:>8} {}",
        "step", "exchanges", "sent", "received", "  ms at 106     212     424     848 kbit/s"
    )];
    for step in &preview.steps {
        let number = step.number.map_or(String::new(), |number| format!(" {number}"));
        let aid = step.aid.as_ref().map_or(String::new(), |aid| format!("{aid} "));
        lines.push(row(&format!("{aid}{}{number}", step.what), &step.cost, &step.air_us));
    }
    lines.push(row("all", &preview.cost, &preview.air_us));
    lines.push("Time on the air; what the card takes to reckon and to write comes on top.".to_owned());
    lines.push(String::new());
    lines.push("memory, blocks of 32 bytes".to_owned());
    for region in &preview.memory.regions {
        let number = region.number.map_or(String::new(), |number| format!(" {number}"));
        let (from, to) = (region.block, region.block + region.blocks - 1);
        let what = format!("{} {}{number}", region.aid, region.what);
        lines.push(format!("{from:>4} – {to:<4} {what:<20} {} of {} bytes", region.used, region.blocks * 32));
    }
    lines.push(format!("{} bytes taken", preview.memory.bytes));
    let segment =
        |of: &SegmentPlan| format!("then the segment: {}, {}, {} bytes", of.at(), of.family.word(), of.data.0.len());
    lines.extend(preview.segments.iter().map(segment));
    lines.extend(preview.chips.iter().map(|chip| format!("then the chip: {}, {:?}", chip.kind.word(), chip.answer)));
    lines
}

fn diff_lines(diff: &Diff) -> Vec<String> {
    let word = |how: How| match how {
        How::Nothing => "nothing on cards that are out",
        How::InPlace => "in place",
        How::MadeAnew => "file made anew",
        How::Reset => "reset and written again",
        How::AnotherCard => "another card",
    };
    let line = |change: &Change| {
        let (from, to) = (change.from.as_deref().unwrap_or("–"), change.to.as_deref().unwrap_or("–"));
        format!("{}: {}: {from} → {to} ({})", change.at, change.what, word(change.how))
    };
    let mut lines: Vec<String> = diff.changes.iter().map(line).collect();
    lines.push(if diff.changes.is_empty() { "the same".to_owned() } else { format!("altogether: {}", word(diff.how)) });
    lines
}
