//! 125 kHz: numbers, frames, configuration words, and chips that answer anything while they are written.

use lanyard_device::{Chip, DeviceError, LfCard, LfKind, LfReader};
use lanyard_em::t5577::Content;
use lanyard_em::{Em4100, Printed, Prox, em4305, t5577};
use lanyard_secret::Secret;

use crate::fed::Fed;
use crate::known::Known;

/// The first bit of a T5577's password is never set.
const PASSWORD: [u8; 4] = [0x5D, 0xA6, 0xB9, 0xC3];

pub fn codings(bytes: &[u8]) {
    let mut fed = Fed(bytes);
    let frame = fed.u64();
    if let Ok(card) = Em4100::decode(frame) {
        assert_eq!(card.encode(), frame);
    }
    let number = Em4100::from_number(frame & 0xFF_FFFF_FFFF).unwrap();
    assert_eq!(Em4100::decode(number.encode()), Ok(number));
    assert_eq!(number.reversed().reversed(), number);
    for form in Printed::ALL {
        assert!(form.read(&form.show(number)).unwrap().fits(number));
    }
    let blocks = [fed.u32(), fed.u32(), fed.u32()];
    if let Ok(prox) = Prox::from_blocks(blocks) {
        assert_eq!(prox.blocks(), blocks);
    }
    let prox = Prox::new(frame >> 20).unwrap();
    assert_eq!(Prox::from_blocks(prox.blocks()), Ok(prox));
    let word = fed.u32();
    // A T5577 has bits that are read over; an EM4305's word is taken as a whole.
    if let Ok(config) = t5577::Config::decode(word)
        && let Ok(made) = config.encode()
    {
        assert_eq!(t5577::Config::decode(made), Ok(config));
    }
    if let Ok(config) = em4305::Config::decode(word) {
        assert_eq!(config.encode(), Ok(word));
    }
    if let Ok(text) = std::str::from_utf8(fed.0) {
        for form in Printed::ALL {
            if let Ok(Some(card)) = form.read(text).map(lanyard_em::Part::whole) {
                assert_eq!(form.read(&form.show(card)).unwrap().whole(), Some(card));
            }
        }
    }
    written(&mut Reader { fed, calls: 0 }, number, prox);
}

fn written(reader: &mut Reader<'_>, number: Em4100, prox: Prox) {
    let keys = [Known::of(&PASSWORD)];
    let (password, other) = (Secret::from_slice(&PASSWORD).unwrap(), Secret::from_slice(&[1, 2, 3, 4]).unwrap());
    let said = [
        format!("{:?}", t5577::sight(reader, &[&password, &other])),
        format!("{:?}", em4305::sight(reader, &[&password, &other])),
    ];
    Known::none_said(&keys, &said);
    for content in [Content::Em4100(number), Content::Prox(prox)] {
        let program = t5577::program(content, Some(&other), Some(&password)).unwrap();
        let outcome = program.run(reader);
        Known::none_said(&keys, &outcome);
    }
    let program = em4305::program(number, Some(&other), Some(&password)).unwrap();
    let outcome = program.run(reader);
    Known::none_said(&keys, &outcome);
    Known::none_said(&keys, &t5577::read(reader, Some(&password)));
    Known::none_said(&keys, &em4305::read(reader, Some(&password)));
    assert!(reader.calls < 200, "no end");
}

/// A reader whose chip answers what the input says.
struct Reader<'a> {
    fed: Fed<'a>,
    calls: usize,
}

impl Reader<'_> {
    fn fault(&mut self) -> Result<u8, DeviceError> {
        self.calls += 1;
        match self.fed.byte() {
            0xFF => Err(DeviceError::Gone { device: "reader".to_owned() }),
            0xFE => Err(DeviceError::Silent { device: "reader".to_owned(), limit_ms: 1 }),
            other => Ok(other),
        }
    }
}

impl LfReader for Reader<'_> {
    fn name(&self) -> &str {
        "reader"
    }

    fn search(&mut self) -> Result<Option<LfCard>, DeviceError> {
        let bits = self.fault()?;
        Ok(Some(LfCard { kind: LfKind::Em4100, bits, id: self.fed.some().to_vec() }))
    }

    fn read(&mut self, _: Chip, _: u8, password: Option<&Secret<4>>) -> Result<Option<Secret<4>>, DeviceError> {
        Ok(match self.fault()? % 4 {
            0 => None,
            1 => password.map(Secret::duplicate),
            _ => Some(Secret::take(&mut self.fed.u32().to_be_bytes())),
        })
    }

    fn write(&mut self, _: Chip, _: u8, _: &Secret<4>, _: Option<&Secret<4>>) -> Result<(), DeviceError> {
        self.fault().map(|_| ())
    }

    fn login(&mut self, _: Chip, _: &Secret<4>) -> Result<bool, DeviceError> {
        Ok(self.fault()? & 1 == 1)
    }

    fn field_off(&mut self) -> Result<(), DeviceError> {
        self.fault().map(|_| ())
    }
}
