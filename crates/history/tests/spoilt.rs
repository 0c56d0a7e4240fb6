//! The table of history-format.md §6: each way of spoiling a bundle, and the faults found in it, no more and no fewer.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

mod house;

use house::{faults, spoilt};

#[test]
fn every_spoilt_bundle_is_told_apart() {
    let mut wrong = Vec::new();
    for case in spoilt::all() {
        let report = case.parts.verify(&case.options);
        let level = report.level.map(|level| level.to_string()).unwrap_or_default();
        if faults(&report) != case.faults || level != case.level {
            wrong.push(format!("{}:\n   {} {level}\n   {} {}", case.name, faults(&report), case.faults, case.level));
        }
    }
    assert!(wrong.is_empty(), "found, expected:\n{}", wrong.join("\n"));
}
