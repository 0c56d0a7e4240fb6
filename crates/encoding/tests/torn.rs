//! Five encodings, each exchange of each: the card leaves before it, after it, and with every byte of the answer the last
//! that arrives. Then the card lies there again. Each ends right, resumed to right, or void and reset; none is lost.
//! (The chip of the fifth is torn in `chips.rs`.)

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and counts")]

mod common;
#[path = "common/five.rs"]
mod five;

use five::{Ends, Work, five, laid};

/// How long the answer to each exchange is, in bytes.
fn answers(work: &Work) -> Vec<usize> {
    let mut desk = laid(&work.image);
    desk.run(&work.plan).unwrap();
    desk.lengths.clone()
}

fn tear(work: &Work) -> Ends {
    let (right, mut ends) = (work.right(), Ends::default());
    for (at, len) in answers(work).into_iter().enumerate() {
        for arrives in std::iter::once(None).chain((0..=len).map(Some)) {
            let mut desk = laid(&work.image);
            match arrives {
                None => desk.pull = Some((at, common::Pull::Before)),
                Some(bytes) => desk.cut = Some((at, bytes)),
            }
            let outcome = desk.run(&work.plan);
            (desk.pull, desk.cut) = (None, None);
            ends.lies_again((work, &right), &mut desk, outcome, &format!("{at} {arrives:?}"));
        }
    }
    ends
}

#[test]
fn no_card_of_five_encodings_is_lost_wherever_it_is_torn() {
    let mut all = 0;
    for work in five() {
        let ends = tear(&work);
        ends.none_is_lost(work.name);
        all += ends.faults;
    }
    assert!(all > 2_000, "{all}");
}
