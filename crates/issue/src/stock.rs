//! Received stock: the UIDs that came in boxes, as a list or as a range. A blank of another UID is nobody's to write, where
//! the encoding asks for it; so a card that was bought anywhere, or an emulator, gets no key of ours.

use std::collections::BTreeMap;

use lanyard_fault::{Coded, Fault, Helps};
use lanyard_model::{Change, Id, Kind, RecordRef, Value};

/// A DESFire UID.
pub type Uid = [u8; 7];

/// The most UIDs in one list.
pub const LIST_MOST: usize = 200_000;
/// The most UIDs in one range: nobody receives all there are.
pub const RANGE_MOST: u64 = 200_000;
/// The longest name of a box, in characters.
const NAME_LONGEST: usize = 80;

/// Why what was given is no stock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// A line that is no UID: seven bytes, hex.
    #[error("line {line} is no UID")]
    Line {
        /// From 1.
        line: usize,
    },
    /// Several columns, and none is called `uid`.
    #[error("no column uid")]
    Column,
    /// Nothing in it.
    #[error("no UID in it")]
    Empty,
    /// More than anybody receives at once.
    #[error("more than {most} at once")]
    Large {
        /// The most.
        most: u64,
    },
    /// One end is no UID, or the last comes before the first.
    #[error("no range of UIDs")]
    Range,
    /// The name of the box is too long, or not one line.
    #[error("the name of the box: one line, up to {longest} characters")]
    Name {
        /// In characters.
        longest: usize,
    },
}

impl Coded for StockError {
    fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "stock.line",
            Self::Column => "stock.column",
            Self::Empty => "stock.empty",
            Self::Large { .. } => "stock.large",
            Self::Range => "stock.range",
            Self::Name { .. } => "stock.name",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn helps(&self) -> Helps {
        Helps::Another
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Line { line } => vec![("line", line.to_string())],
            Self::Large { most } => vec![("most", most.to_string())],
            Self::Name { longest } => vec![("longest", longest.to_string())],
            Self::Column | Self::Empty | Self::Range => Vec::new(),
        }
    }
}

/// A UID as makers and spreadsheets write it: fourteen hex digits, with colons, dashes, spaces or none.
#[must_use]
pub fn uid(text: &str) -> Option<Uid> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b':' | b'-' | b' ')).collect();
    if digits.len() != 14 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut uid = [0; 7];
    for (byte, pair) in uid.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // ISO/IEC 14443-3 §6.5.4: 88 announces another cascade level and is no first byte of a UID of seven.
    (uid[0] != 0x88).then_some(uid)
}

/// What came at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A list.
    List(Vec<Uid>),
    /// A box: all from the first to the last.
    Range(Uid, Uid),
}

impl Delivery {
    /// A file with a UID a line; of several columns that which is called `uid`.
    ///
    /// # Errors
    /// [`StockError`], with the line.
    pub fn list(text: &str) -> Result<Self, StockError> {
        let text = text.trim_start_matches('\u{FEFF}');
        let cells = |line: &str| -> Vec<String> {
            line.split([',', ';', '\t']).map(|cell| cell.trim().trim_matches('"').trim().to_owned()).collect()
        };
        let mut column = None;
        let mut uids = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let cells = cells(line);
            let column = match column {
                Some(column) => column,
                None => {
                    let named = cells.iter().position(|cell| cell.eq_ignore_ascii_case("uid"));
                    column = named.or((cells.len() == 1).then_some(0));
                    let first = column.ok_or(StockError::Column)?;
                    if named.is_some() {
                        continue;
                    }
                    first
                }
            };
            let found = cells.get(column).and_then(|cell| uid(cell)).ok_or(StockError::Line { line: at + 1 })?;
            if uids.len() == LIST_MOST {
                return Err(StockError::Large { most: LIST_MOST as u64 });
            }
            uids.push(found);
        }
        uids.sort_unstable();
        uids.dedup();
        if uids.is_empty() { Err(StockError::Empty) } else { Ok(Self::List(uids)) }
    }

    /// A box by its first and last UID.
    ///
    /// # Errors
    /// [`StockError::Range`], [`StockError::Large`].
    pub fn range(first: &str, last: &str) -> Result<Self, StockError> {
        let (Some(first), Some(last)) = (uid(first), uid(last)) else { return Err(StockError::Range) };
        match number(&last).checked_sub(number(&first)) {
            None => Err(StockError::Range),
            Some(more) if more >= RANGE_MOST => Err(StockError::Large { most: RANGE_MOST }),
            Some(_) => Ok(Self::Range(first, last)),
        }
    }

    /// How many UIDs.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::List(uids) => uids.len() as u64,
            Self::Range(first, last) => number(last) - number(first) + 1,
        }
    }

    /// The UIDs of a list, one after the other, as they are kept; of a range nothing.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::List(uids) => uids.concat(),
            Self::Range(..) => Vec::new(),
        }
    }

    /// As it was kept; `None` for what no list or range is.
    #[must_use]
    pub fn kept(first: Option<&Value>, last: Option<&Value>, list: Option<&[u8]>) -> Option<Self> {
        let end = |value: Option<&Value>| value.and_then(Value::as_bytes).and_then(|bytes| bytes.try_into().ok());
        match (end(first), end(last), list) {
            (_, _, Some(list)) => {
                let (uids, rest) = list.as_chunks::<7>();
                rest.is_empty().then(|| Self::List(uids.to_vec()))
            }
            (Some(first), Some(last), None) if number(&first) <= number(&last) => Some(Self::Range(first, last)),
            _ => None,
        }
    }
}

/// Stock came in. `list`: the blob that holds a list's UIDs.
///
/// # Errors
/// [`StockError::Name`].
pub fn stock_received(id: Id, name: &str, delivery: &Delivery, list: Option<Value>) -> Result<Change, StockError> {
    if name.chars().count() > NAME_LONGEST || name.chars().any(char::is_control) {
        return Err(StockError::Name { longest: NAME_LONGEST });
    }
    let count = i64::try_from(delivery.count()).unwrap_or(i64::MAX);
    let change = Change::new("stock.received", RecordRef { kind: Kind::Stock, id })
        .field("box", name.trim())
        .field("cards", count);
    Ok(match (delivery, list) {
        (Delivery::Range(first, last), _) => change.field("first_uid", first.to_vec()).field("last_uid", last.to_vec()),
        (Delivery::List(_), Some(list)) => change.field("uids", list),
        (Delivery::List(_), None) => change,
    })
}

/// Everything that was received: ranges apart from each other, by their first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock(BTreeMap<u64, u64>);

impl Stock {
    /// Whether this UID came in.
    #[must_use]
    pub fn has(&self, uid: &[u8]) -> bool {
        let Ok(uid) = <Uid>::try_from(uid) else { return false };
        let at = number(&uid);
        self.0.range(..=at).next_back().is_some_and(|(_, last)| *last >= at)
    }

    /// With what came; answers how many of it were there already.
    pub fn add(&mut self, delivery: &Delivery) -> u64 {
        match delivery {
            Delivery::List(uids) => uids.iter().map(|uid| self.add_range(number(uid), number(uid))).sum(),
            Delivery::Range(first, last) => self.add_range(number(first), number(last)),
        }
    }

    fn add_range(&mut self, mut first: u64, mut last: u64) -> u64 {
        let mut already = 0;
        // Whatever overlaps becomes one with it.
        while let Some((from, to)) = self.0.range(..=last).next_back().map(|(from, to)| (*from, *to)) {
            if to < first {
                break;
            }
            already += to.min(last) - from.max(first) + 1;
            self.0.remove(&from);
            (first, last) = (first.min(from), last.max(to));
        }
        self.0.insert(first, last);
        already
    }
}

fn number(uid: &Uid) -> u64 {
    uid.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uid = [4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];

    #[test]
    fn a_list_is_read_as_makers_and_spreadsheets_write_it_and_a_line_that_is_no_uid_is_named() {
        for text in [
            "04112233445566\n",
            "\u{FEFF}uid\r\n04:11:22:33:44:55:66\r\n\r\n",
            "No;UID;Box\n1;\"04 11 22 33 44 55 66\";7\n",
            "0x04-11-22-33-44-55-66\n04112233445566",
        ] {
            assert_eq!(Delivery::list(text), Ok(Delivery::List(vec![A])), "{text:?}");
        }
        assert_eq!(Delivery::list("uid\n04112233445566\n0411223344556\n"), Err(StockError::Line { line: 3 }));
        assert_eq!(Delivery::list("uid,box\n,7\n"), Err(StockError::Line { line: 2 }));
        assert_eq!(Delivery::list("serial,box\n04112233445566,7"), Err(StockError::Column));
        // 1.2E+13 is what a spreadsheet makes of some.
        assert_eq!(Delivery::list("4.11E+13"), Err(StockError::Line { line: 1 }));
        assert_eq!(Delivery::list("88112233445566"), Err(StockError::Line { line: 1 }));
        assert_eq!(Delivery::list(" \nuid\n"), Err(StockError::Empty));
        assert_eq!(Delivery::list(&"04112233445566\n".repeat(LIST_MOST + 1)).unwrap_err().code(), "stock.large");
    }

    #[test]
    fn a_range_is_as_long_as_a_delivery_and_goes_upwards() {
        assert_eq!(Delivery::range("04112233445566", "04112233445569").map(|range| range.count()), Ok(4));
        assert_eq!(Delivery::range("04112233445566", "04112233445565"), Err(StockError::Range));
        assert_eq!(Delivery::range("04112233445566", "box 7"), Err(StockError::Range));
        assert_eq!(Delivery::range("04000000000000", "04FFFFFFFFFFFF"), Err(StockError::Large { most: RANGE_MOST }));
    }

    #[test]
    fn stock_has_what_came_and_nothing_beside_it_however_it_overlaps() {
        let mut stock = Stock::default();
        let range = |first: u8, last: u8| Delivery::Range([4, 0, 0, 0, 0, 0, first], [4, 0, 0, 0, 0, 0, last]);
        assert_eq!(stock.add(&range(10, 19)), 0);
        assert_eq!(stock.add(&Delivery::List(vec![[4, 0, 0, 0, 0, 0, 9], [4, 0, 0, 0, 0, 0, 10], A])), 1);
        assert_eq!(stock.add(&range(15, 30)), 5);
        assert_eq!(stock.add(&range(5, 40)), 22);
        assert_eq!(stock.add(&range(5, 40)), 36);
        for last in 0..=50 {
            assert_eq!(stock.has(&[4, 0, 0, 0, 0, 0, last]), (5..=40).contains(&last), "{last}");
        }
        assert!(stock.has(&A) && !stock.has(&A[..6]) && !stock.has(&[]));
    }

    #[test]
    fn what_is_kept_of_a_delivery_is_the_delivery() {
        for delivery in [Delivery::List(vec![A, [5; 7]]), Delivery::Range(A, [5; 7])] {
            let list = matches!(delivery, Delivery::List(_)).then(|| delivery.bytes());
            let change = stock_received(Id([1; 16]), "box 7", &delivery, None).unwrap();
            let end = |name: &str| change.fields.get(name);
            assert_eq!(Delivery::kept(end("first_uid"), end("last_uid"), list.as_deref()), Some(delivery));
        }
        assert_eq!(Delivery::kept(None, None, Some(&[4; 13])), None);
        assert_eq!(Delivery::kept(None, None, None), None);
        assert!(stock_received(Id([1; 16]), "two\nlines", &Delivery::Range(A, A), None).is_err());
    }
}
