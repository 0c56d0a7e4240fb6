//! A blank test card tried on a reader, apart from any house: written with the starter encoding and keys that everybody can
//! work out, read back, made a blank again; and pulled at random by whoever is there, counting what became of it.
//!
//! The keys are made of fixed words, so that a card that was left in the middle is made a blank by the next try.

use lanyard_apdu::Response;
use lanyard_device::{Channel, DeviceError, Reader};
use lanyard_encoding::{
    Assess, Assessment, CardLeft, Encoding, EncodingError, Found, JournalRow, KeySource, Machine, Plan, Run, Stopped,
    Values, drive, plan, reuse,
};
use lanyard_pcsc::PcscReader;
use lanyard_secret::Secret;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::Problem;
use crate::cards::{self, link};
pub use crate::selftesttag::{TagTried, try_tag_on};
use crate::{StationError, assets, entropy};

/// How long a card is waited for, in looks of [`LOOK_MS`].
const LOOKS: u32 = 1200;
const LOOK_MS: u64 = 200;
/// A card that is never pulled is written over and over; not for ever.
const ROUNDS: u32 = 200;
/// A card that answers wrongly again and again is no card.
const TRIES: u32 = 20;

/// What the person at the reader is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A blank test card on the reader.
    Lay,
    /// It is written and emptied over and over: pull it whenever you like.
    Pull {
        /// How many more times, this one included.
        left: u32,
    },
    /// Lay the same card again.
    LayAgain,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CardTried {
    /// The reader.
    pub reader: String,
    /// The card's, hex.
    pub uid: String,
    /// Exchanges in which it was written and read back.
    pub exchanges: u32,
    /// Files that were read back and compared.
    pub files: usize,
    /// It proved to be a blank afterwards.
    pub blank_again: bool,
    /// Where it was pulled: what became of it.
    pub pulled: Pulled,
}

/// Cards by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// It was pulled between two runs, or before anything was written: nothing was to be put right.
    pub right: u32,
    /// The next run went on and finished it.
    pub resumable: u32,
    /// It could not be finished, and was made a blank.
    pub void: u32,
}

/// Keys of fixed words: a secret from nobody.
struct TestKeys;

impl KeySource for TestKeys {
    fn latest(&self, _: &str) -> Result<u8, EncodingError> {
        Ok(1)
    }

    fn backup_proved(&self, _: &str, _: u8) -> Result<bool, EncodingError> {
        Ok(true)
    }

    fn key(&self, name: &str, _: u8, input: Option<&[u8]>) -> Result<Secret<16>, EncodingError> {
        let words = [b"lanyard devices selftest\0", name.as_bytes(), b"\0", input.unwrap_or_default()].concat();
        let digest = Sha256::digest(&words);
        Ok(Secret::filled(|out: &mut [u8; 16]| out.copy_from_slice(&digest[..16])))
    }
}

/// Tries the card that lies on a PC/SC reader, or comes to lie there.
///
/// # Errors
/// No such reader; what is wrong with the card: nothing is written to one that does not prove to be a blank, or a card that
/// an earlier try has left.
pub fn try_card_on(reader: &str, pulls: u32, ask: &mut dyn FnMut(Ask)) -> Result<CardTried, Problem> {
    let found = PcscReader::named(reader).ok_or(DeviceError::Gone { device: reader.to_owned() });
    let tried = found.map_err(StationError::from).and_then(|mut found| try_card(&mut found, pulls, ask));
    tried.map_err(|error| Problem::from(&error))
}

/// The same on any reader.
pub(crate) fn try_card(
    reader: &mut dyn Reader,
    pulls: u32,
    ask: &mut dyn FnMut(Ask),
) -> Result<CardTried, StationError> {
    let encoding = Encoding::parse(assets::ENCODINGS[0].1)?;
    ask(Ask::Lay);
    let mut channel = laid(reader)?;
    let uid = channel.uid()?;
    let uid = <[u8; 7]>::try_from(uid.as_slice()).map_err(|_| EncodingError::UidHidden)?;
    let mut seen = assess(&encoding, uid, channel.as_mut())?;
    let empty = reuse(&encoding, uid, &|_| Some(1), &TestKeys, link())?;
    if let Found::Ours { .. } = seen.found {
        // What an earlier try has left.
        drop(channel);
        channel = laid(reader)?;
        once(&empty, uid, &mut Vec::new(), channel.as_mut()).map_err(|(error, _)| error)?;
        seen = assess(&encoding, uid, channel.as_mut())?;
    }
    seen.check()?;
    let write = plan(&encoding, &values(&encoding)?, &seen, &TestKeys, link())?;
    drop(channel);
    let mut tried = CardTried { reader: reader.name().to_owned(), uid: hex::encode(uid), ..CardTried::default() };

    let mut channel = laid(reader)?;
    (tried.exchanges, tried.files) =
        once(&write, uid, &mut Vec::new(), channel.as_mut()).map_err(|(error, _)| error)?;
    drop(channel);
    once(&empty, uid, &mut Vec::new(), laid(reader)?.as_mut()).map_err(|(error, _)| error)?;

    let mut pulling = Pulling { reader, write: &write, empty: &empty, uid, pulled: Pulled::default() };
    for left in (1..=pulls).rev() {
        ask(Ask::Pull { left });
        pulling.until_pulled(ask)?;
    }
    tried.pulled = pulling.pulled;
    let mut channel = laid(reader)?;
    tried.blank_again = assess(&encoding, uid, channel.as_mut())?.found == Found::Blank;
    Ok(tried)
}

/// The card is pulled by the person, whenever they like.
struct Pulling<'a> {
    reader: &'a mut dyn Reader,
    write: &'a Plan,
    empty: &'a Plan,
    uid: [u8; 7],
    pulled: Pulled,
}

impl Pulling<'_> {
    /// Writes and empties the card until it is pulled, once; ends with it a blank.
    fn until_pulled(&mut self, ask: &mut dyn FnMut(Ask)) -> Result<(), StationError> {
        for _ in 0..ROUNDS {
            for plan in [self.write, self.empty] {
                let mut rows = Vec::new();
                let Ok(mut channel) = self.reader.open() else {
                    // Between two runs.
                    ask(Ask::LayAgain);
                    self.pulled.right += 1;
                    return if plan == self.empty { self.finish(plan, rows, ask).map(|_| ()) } else { Ok(()) };
                };
                if once(plan, self.uid, &mut rows, channel.as_mut()).is_ok() {
                    continue;
                }
                drop(channel);
                ask(Ask::LayAgain);
                match (self.finish(plan, rows.clone(), ask)?, rows.is_empty()) {
                    (false, _) => self.pulled.void += 1,
                    (true, true) => self.pulled.right += 1,
                    (true, false) => self.pulled.resumable += 1,
                }
                if plan == self.write {
                    self.finish(self.empty, Vec::new(), ask)?;
                }
                return Ok(());
            }
        }
        Err(DeviceError::Silent { device: self.reader.name().to_owned(), limit_ms: u64::from(ROUNDS) }.into())
    }

    /// Goes on with a plan until it is done. False where it could not be: then the card is a blank.
    fn finish(
        &mut self,
        plan: &Plan,
        mut rows: Vec<JournalRow>,
        ask: &mut dyn FnMut(Ask),
    ) -> Result<bool, StationError> {
        let mut last = EncodingError::Lost { step: "", at: 0, of: 0 };
        for _ in 0..TRIES {
            let mut channel = laid(self.reader)?;
            match once(plan, self.uid, &mut rows, channel.as_mut()) {
                Ok(_) => return Ok(true),
                Err((_, CardLeft::Void)) => {
                    drop(channel);
                    let reset = plan.reset(&rows, link());
                    once(&reset, self.uid, &mut Vec::new(), laid(self.reader)?.as_mut()).map_err(|(error, _)| error)?;
                    return Ok(false);
                }
                Err((error @ EncodingError::Lost { .. }, _)) => {
                    ask(Ask::LayAgain);
                    last = error;
                }
                Err((error, _)) => last = error,
            }
        }
        Err(last.into())
    }
}

/// The card that lies there, or comes to lie there.
fn laid(reader: &mut dyn Reader) -> Result<Box<dyn Channel>, StationError> {
    for _ in 0..LOOKS {
        match reader.open() {
            Ok(channel) => return Ok(channel),
            Err(DeviceError::Gone { device }) => return Err(DeviceError::Gone { device }.into()),
            Err(_) => drop(reader.wait(LOOK_MS)?),
        }
    }
    Err(DeviceError::NoCard { reader: reader.name().to_owned() }.into())
}

fn assess(encoding: &Encoding, uid: [u8; 7], channel: &mut dyn Channel) -> Result<Assessment, StationError> {
    let mut machine = Assess::new(encoding, &uid, false, link());
    Ok(driven(&mut machine, channel, &mut Vec::new()).map_err(|(error, _)| error)?.0)
}

/// One run, a first or one that goes on; how many exchanges and files it took.
fn once(
    plan: &Plan,
    uid: [u8; 7],
    rows: &mut Vec<JournalRow>,
    channel: &mut dyn Channel,
) -> Result<(u32, usize), (EncodingError, CardLeft)> {
    let lies = channel.uid().map_err(|_| (EncodingError::Lost { step: "", at: 0, of: 0 }, CardLeft::Resumable))?;
    // Whose UID is another is not written on.
    let lies = <[u8; 7]>::try_from(lies.as_slice()).unwrap_or_default();
    if lies != uid {
        let (expected, found) = (hex::encode(uid), hex::encode(lies));
        return Err((EncodingError::OtherCard { expected, found }, CardLeft::Untouched));
    }
    let mut run = Run::resume(plan, uid, rows, link()).map_err(|error| (error, CardLeft::Untouched))?;
    let (read, exchanges) = driven(&mut run, channel, rows)?;
    Ok((exchanges, read.applications.iter().map(|application| application.files.len()).sum()))
}

fn driven<M: Machine>(
    machine: &mut M,
    channel: &mut dyn Channel,
    rows: &mut Vec<JournalRow>,
) -> Result<(M::Output, u32), (EncodingError, CardLeft)> {
    let mut exchanges = 0;
    let exchange = |command: &lanyard_apdu::Command| {
        exchanges += 1;
        channel.transmit(&command.encode()).ok().and_then(|answer| Response::parse(&answer).ok())
    };
    let journal = |row| {
        rows.push(row);
        Ok::<_, std::convert::Infallible>(())
    };
    match drive(machine, &TestKeys, &mut |bytes| entropy::fill(bytes), exchange, journal) {
        Ok(output) => Ok((output, exchanges)),
        Err(Stopped::Failed { error, card }) => Err((error, card)),
        Err(Stopped::Journal(never)) => match never {},
    }
}

/// Nobody's card: number 1, valid for a day, without a record of it.
fn values(encoding: &Encoding) -> Result<Values, StationError> {
    let mut values = cards::values(cards::FACILITY, None, "C-0000001", [0, 1])?;
    for name in encoding.values().into_iter().filter(|name| name.starts_with("person.")) {
        values.set(name, "selftest");
    }
    Ok(values)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use std::sync::{Arc, Mutex};

    use lanyard_virtual::{Bench, DesfireCard, Fault, FaultKind, KeyKind};

    use super::*;

    const READER: &str = "Desk reader";
    const UID: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];

    fn desk(card: DesfireCard) -> (Bench, Arc<Mutex<DesfireCard>>) {
        let bench = Bench::new();
        let card = Arc::new(Mutex::new(card));
        bench.plug_reader(READER);
        bench.lay(READER, Arc::clone(&card)).unwrap();
        (bench, card)
    }

    #[test]
    fn a_blank_is_written_read_back_and_a_blank_again_and_one_that_was_left_in_the_middle_is_put_right() {
        let (bench, card) = desk(DesfireCard::new(UID, 1));
        let image = card.lock().unwrap().applications();
        let tried = try_card(&mut bench.plug_reader(READER), 0, &mut |_| ()).unwrap();
        assert!(tried.blank_again && tried.files > 0 && tried.exchanges > 10, "{tried:?}");
        assert_eq!(card.lock().unwrap().applications(), image);
        // The station is ended in the middle: all that it knew of the card is gone.
        let (exchanges, _) = bench.traffic(READER).unwrap();
        bench.lay_again(READER).unwrap();
        bench.faults(READER, [Fault { at: exchanges / 3, kind: FaultKind::UnplugReader }]).unwrap();
        try_card(&mut bench.plug_reader(READER), 0, &mut |_| ()).unwrap_err();
        assert_ne!(card.lock().unwrap().applications(), image);
        assert!(try_card(&mut bench.plug_reader(READER), 0, &mut |_| ()).unwrap().blank_again);
    }

    #[test]
    fn a_card_that_is_no_blank_is_left_as_it_is() {
        let (bench, card) = desk(DesfireCard::new(UID, 1).with_master_key(KeyKind::Aes, &[7; 16], 1));
        let refused = try_card(&mut bench.plug_reader(READER), 3, &mut |_| ()).unwrap_err();
        assert!(matches!(refused, StationError::Encoding(EncodingError::CardForeign)), "{refused}");
        assert!(card.lock().unwrap().applications().is_empty());
    }

    #[test]
    fn pulled_again_and_again_it_is_counted_as_what_became_of_it_and_ends_a_blank() {
        let (bench, _) = desk(DesfireCard::new(UID, 1));
        let hand = bench.clone();
        let mut pulls = 0;
        let mut ask = |what: Ask| match what {
            Ask::Lay => {}
            Ask::Pull { left } => {
                let (so_far, _) = hand.traffic(READER).unwrap();
                pulls += 1;
                let kind = if left % 2 == 0 { FaultKind::PullBefore } else { FaultKind::PullAfter };
                hand.faults(READER, [Fault { at: so_far + 5 * left as usize, kind }]).unwrap();
            }
            Ask::LayAgain => hand.lay_again(READER).unwrap(),
        };
        let tried = try_card(&mut bench.plug_reader(READER), 12, &mut ask).unwrap();
        assert_eq!(pulls, 12);
        let Pulled { right, resumable, void } = tried.pulled;
        assert_eq!(right + resumable + void, 12, "none is lost");
        assert!(resumable > 6, "{tried:?}");
        assert!(tried.blank_again);
    }
}
