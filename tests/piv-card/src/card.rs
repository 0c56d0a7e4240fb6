//! The card: the application on a thread of its own, since Trussed lends it out only within a scope.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use heapless::Vec as Fixed;
use iso7816::{Status, command::CommandView};
use lanyard_virtual::ApduCard;
use piv_authenticator::{Authenticator, Options};
use trussed::virt::{self, StoreConfig};

use crate::{
    dispatch::{BACKENDS, Dispatch},
    framing::Framing,
    shared::Shared,
};

enum Ask {
    PowerOn,
    Transmit(Vec<u8>),
}

/// A factory-new PIV card: management key 3DES `01 02 … 08` three times, PIN `123456`, PUK `12345678`.
///
/// It lives in memory and ends with its owner.
pub struct PivCard {
    ask: Sender<Ask>,
    answer: Receiver<Vec<u8>>,
}

impl PivCard {
    /// Makes one.
    #[must_use]
    pub fn new() -> Self {
        let (ask, asked) = channel();
        let (answers, answer) = channel();
        thread::spawn(move || {
            virt::with_platform(StoreConfig::ram(), |platform| {
                platform.run_client_with_backends("piv", Dispatch::new(), BACKENDS, |client| {
                    run(&Shared::new(client), &asked, &answers);
                });
            });
        });
        Self { ask, answer }
    }
}

impl Default for PivCard {
    fn default() -> Self {
        Self::new()
    }
}

impl ApduCard for PivCard {
    fn power_on(&mut self) {
        // A card whose thread has ended answers nothing, see `transmit`.
        let _ = self.ask.send(Ask::PowerOn);
    }

    fn power_off(&mut self) {}

    fn atr(&self) -> Vec<u8> {
        vpicc::DEFAULT_ATR.to_vec()
    }

    fn uid(&self) -> Vec<u8> {
        Vec::new()
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let asked = self.ask.send(Ask::Transmit(command.to_vec())).is_ok();
        let answer = if asked { self.answer.recv().ok() } else { None };
        answer.unwrap_or_else(|| vec![0x6F, 0x00])
    }
}

impl vpicc::VSmartCard for PivCard {
    fn power_on(&mut self) {
        ApduCard::power_on(self);
    }

    fn reset(&mut self) {
        ApduCard::power_on(self);
    }

    fn execute(&mut self, command: &[u8]) -> Vec<u8> {
        self.transmit(command)
    }
}

fn run(client: &Shared<'_>, asked: &Receiver<Ask>, answers: &Sender<Vec<u8>>) {
    let fresh = || (Authenticator::new(client.clone(), Options::new()), Framing::default());
    let (mut application, mut framing) = fresh();
    while let Ok(ask) = asked.recv() {
        let answer = match ask {
            Ask::PowerOn => {
                (application, framing) = fresh();
                continue;
            }
            Ask::Transmit(bytes) => framing.answer(&bytes, |command| {
                let mut reply = Fixed::<u8, 8192>::new();
                let status = match CommandView::try_from(command) {
                    Err(_) => Status::IncorrectDataParameter,
                    Ok(command) => match application.respond(command, &mut reply) {
                        Ok(()) => Status::Success,
                        Err(status) => status,
                    },
                };
                let data = if status == Status::Success { reply.to_vec() } else { Vec::new() };
                (data, status.into())
            }),
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}
