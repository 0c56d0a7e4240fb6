//! Commands that no host would send: the card refuses, and stays a card.

use super::super::{DesfireCard, Memory, Model};
use crate::ApduCard;

/// SplitMix64: the same commands at each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u8 {
        (self.next() % limit) as u8
    }
}

const AID: [u8; 3] = [1, 2, 0xF5];

/// Every file type, all rights free, so that commands get far.
fn open_card(model: Model) -> DesfireCard {
    let mut card = DesfireCard::new([4, 1, 2, 3, 4, 5, 6], 1).with_model(model, Memory::K8);
    let mut send = |ins: u8, data: &[u8]| {
        let answer = card.transmit(&[&[0x90, ins, 0, 0, data.len() as u8], data, &[0]].concat());
        assert_eq!(answer, [0x91, 0x00], "{ins:02X}");
    };
    send(0xCA, &[AID[0], AID[1], AID[2], 0x0F, 0x22, 0x10, 0xE1, b'a']);
    send(0x5A, &AID);
    send(0xCD, &[1, 1, 0xE1, 0, 0xEE, 0xEE, 40, 0, 0]);
    send(0xCB, &[2, 2, 0xE1, 0, 0xEE, 0xEE, 40, 0, 0]);
    send(0xC1, &[3, 3, 0xE1, 0, 0xEE, 0xEE, 9, 0, 0, 4, 0, 0]);
    send(0xC0, &[4, 4, 0xE1, 0, 0xEE, 0xEE, 9, 0, 0, 3, 0, 0]);
    send(0xCC, &[5, 0, 0xEE, 0xEE, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 3]);
    card
}

/// A command that is nearly right: a known instruction, a likely file, small numbers, now and then a wild byte.
fn command(noise: &mut Noise) -> Vec<u8> {
    const DATA: [u8; 20] = [
        0xBD, 0x3D, 0xAD, 0x8D, 0xBB, 0x3B, 0xAB, 0x8B, 0xDB, 0xBA, 0xEB, 0x6C, 0x0C, 0xDC, 0x1C, 0xC7, 0xA7, 0xAF,
        0x5F, 0xF5,
    ];
    let ins = if noise.below(8) == 0 { noise.next() as u8 } else { DATA[usize::from(noise.below(20))] };
    let mut data = vec![1 + noise.below(6)];
    for _ in 0..[0, 4, 6, 9, 12, 20, 50][usize::from(noise.below(7))] {
        data.push(match noise.below(6) {
            0 => noise.next() as u8,
            1 => noise.below(50),
            _ => noise.below(3),
        });
    }
    match noise.below(10) {
        0 => [&[0x00, [0xA4, 0xB0, 0xD6][usize::from(noise.below(3))], noise.below(4), noise.below(45)], &data[..]]
            .concat(),
        1 => [&[ins], &data[..]].concat(),
        _ => [&[0x90, ins, 0, 0, data.len() as u8], &data[..], &[0]].concat(),
    }
}

#[test]
fn no_command_makes_the_card_panic_or_breaks_what_it_holds() {
    for model in [Model::Ev1, Model::Ev2, Model::Ev3] {
        let mut noise = Noise(7);
        let mut card = open_card(model);
        let mut written = 0;
        for turn in 0..60_000 {
            if turn % 97 == 0 {
                card.power_on();
                card.transmit(&[0x90, 0x5A, 0, 0, 3, AID[0], AID[1], AID[2], 0]);
            }
            let command = command(&mut noise);
            let answer = match noise.below(40) {
                0 => {
                    card.tear(&command, usize::from(noise.below(60)));
                    card.transmit(&[0x90, 0x5A, 0, 0, 3, AID[0], AID[1], AID[2], 0])
                }
                _ => card.transmit(&command),
            };
            written += usize::from(answer == [0x91, 0x00]);
            if turn % 1_000 == 0 {
                let image = card.export();
                assert_eq!(DesfireCard::import(&image).unwrap().export(), image, "a state that a card can be in");
            }
        }
        assert!(written > 1_000, "commands got far: {written}");
    }
}
