//! A DESFire session, of operations that the input chooses: against a simulated card whose answers somebody alters on the
//! way, or against no card at all (`answers`); and the simulated card itself, given any commands, torn and pulled
//! (`commands`).

use lanyard_apdu::{Command, Response, Status};
use lanyard_desfire::{
    Card, DesfireError, Framing, Link, Op, Progress, Reply, SessionState, native_command, native_response,
};
use lanyard_virtual::{ApduCard, DesfireCard, FrameSize, Memory, Model};

use crate::fed::Fed;
use crate::known::Known;
use crate::ops;

/// More commands than the longest operation here takes in the smallest frames.
const MOST: usize = 600;
const MODELS: [Model; 3] = [Model::Ev1, Model::Ev2, Model::Ev3];

pub fn answers(bytes: &[u8]) {
    let mut desk = Desk::new(bytes);
    desk.altered = true;
    desk.run();
}

pub fn commands(bytes: &[u8]) {
    Desk::new(bytes).run();
}

struct Desk<'a> {
    fed: Fed<'a>,
    card: DesfireCard,
    host: Card,
    link: Link,
    nonces: u8,
    keys: Vec<Known>,
    /// Whether the input has a word in what the card answers, or speaks to the card itself.
    altered: bool,
}

fn link(choice: u8) -> Link {
    match choice % 4 {
        0 => Link::wrapped(64).with_long_commands(),
        1 => Link { framing: Framing::Native, ..Link::wrapped(64) },
        2 => Link::wrapped(64),
        _ => Link::wrapped(256).with_long_commands().with_extended(512),
    }
}

impl<'a> Desk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut fed = Fed(bytes);
        let (model, link) = (MODELS[usize::from(fed.below(3))], link(fed.byte()));
        let mut card = DesfireCard::new([4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66], 7).with_model(model, Memory::K2);
        card = card.with_frame_size(if link.fsc == 64 { FrameSize::B64 } else { FrameSize::B256 });
        card.power_on();
        let keys = (0..ops::KEYS).map(|seed| Known::of(&Known::made::<24>(seed))).collect();
        Self { fed, card, host: Card::new(link), link, nonces: 0, keys, altered: false }
    }

    fn run(&mut self) {
        // Something to work on, told by one byte so that the input need not find it out.
        let furnished = self.fed.below(4);
        for step in ops::furnish(furnished) {
            let op = self.op_of(step);
            let altered = std::mem::take(&mut self.altered);
            let done = self.ask(op);
            self.altered = altered;
            assert!(done.is_ok() || furnished == 0, "{done:?}");
        }
        for _ in 0..48 {
            if self.fed.is_over() {
                break;
            }
            if !self.altered && self.fed.flag() {
                self.speak_to_the_card();
                continue;
            }
            let step = ops::chosen(&mut self.fed, self.host.selected());
            let op = self.op_of(step);
            let _ = self.ask(op);
            if self.host.session() == SessionState::Dead {
                self.lay_again();
            }
        }
        self.kept();
    }

    fn op_of(&mut self, step: ops::Step) -> Op {
        self.nonces = self.nonces.wrapping_add(1);
        step(self.nonces)
    }

    fn lay_again(&mut self) {
        self.card.power_off();
        self.card.power_on();
        self.host = Card::new(self.link);
    }

    /// Carries one operation out, and holds what was sent and said against the known keys.
    fn ask(&mut self, op: Op) -> Result<Reply, Option<DesfireError>> {
        let (name, asked) = (op.name(), ops::asked(&op));
        let outcome = self.exchange(op);
        match &outcome {
            Ok(Reply::Data(data)) => {
                assert!(asked.is_none_or(|asked| asked == data.len()), "{name}: {} bytes", data.len());
            }
            Ok(_) | Err(None) => {}
            Err(Some(error)) => Known::none_said(&self.keys, &(error, error.to_string(), &self.host)),
        }
        outcome
    }

    fn exchange(&mut self, op: Op) -> Result<Reply, Option<DesfireError>> {
        let mut command = self.host.command(op)?;
        for _ in 0..MOST {
            Known::none_sent(&self.keys, &command.data);
            let Some(response) = self.answer(&command) else {
                self.lay_again();
                return Err(None);
            };
            match self.host.answer(&response)? {
                Progress::More(next) => command = next,
                Progress::Done(reply) => return Ok(reply),
            }
        }
        panic!("no end");
    }

    fn answer(&mut self, command: &Command) -> Option<Response> {
        let honest = match self.link.framing {
            Framing::Wrapped => Response::parse(&self.card.transmit(&command.encode())).ok(),
            Framing::Native => native_response(&self.card.transmit(&native_command(command))),
        };
        let honest = honest.unwrap_or(Response::status(0x6F00));
        if !self.altered {
            return Some(honest);
        }
        let fed = &mut self.fed;
        Some(match fed.below(9) {
            0..3 => honest,
            3 => Response::new(fed.some(), Status(0x9100)),
            4 => Response::new(fed.some(), Status(0x91AF)),
            5 => Response::new(fed.some(), Status(fed.u16())),
            6 => {
                let mut data = honest.data.clone();
                let at = usize::from(fed.byte());
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= fed.byte();
                }
                Response::new(data, honest.status)
            }
            7 => {
                let most = honest.data.len().saturating_sub(usize::from(fed.byte()));
                Response::new(&honest.data[..most], honest.status)
            }
            _ => return None,
        })
    }

    /// Not by the host: whatever the input says.
    fn speak_to_the_card(&mut self) {
        let fed = &mut self.fed;
        let answer = match fed.below(6) {
            0 => self.card.transmit(fed.some()),
            1 => {
                let ins = fed.byte();
                self.card.transmit(&Command::wrapped(ins, fed.some()).encode())
            }
            2 => {
                let native = [&[fed.byte()], fed.some()].concat();
                self.card.transmit(&native)
            }
            3 => {
                let command = Command::new(0, fed.byte(), fed.byte(), fed.byte()).with_data(fed.some());
                self.card.transmit(&command.encode())
            }
            4 => {
                let written = usize::from(fed.byte());
                let ins = fed.byte();
                self.card.tear(&Command::wrapped(ins, fed.some()).encode(), written);
                self.lay_again();
                return;
            }
            _ => {
                self.lay_again();
                return;
            }
        };
        assert!(!answer.is_empty() && answer.len() <= 65_538);
        Known::none_sent(&self.keys, &answer);
        // Whatever session there was, the host knows nothing of it now.
        self.lay_again();
    }

    /// What the card is can be kept and taken up again.
    fn kept(&mut self) {
        self.card.power_off();
        let image = self.card.export();
        let again = DesfireCard::import(&image).unwrap();
        assert_eq!(again.export(), image);
        assert_eq!(again.applications(), self.card.applications());
    }
}
