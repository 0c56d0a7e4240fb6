//! A card in a reader whose answers a test gives: at a point it waits for the test, or the answer is lost.

use std::sync::{Arc, Mutex};

use lanyard_virtual::{ApduCard, DesfireCard};

/// A card; `answer` gets each command, and the card to carry it out, or not.
pub struct Watched<F> {
    card: Arc<Mutex<DesfireCard>>,
    answer: F,
}

impl<F: FnMut(&Mutex<DesfireCard>, &[u8]) -> Vec<u8> + Send> Watched<F> {
    /// The card, which the test keeps as well.
    pub fn new(card: &Arc<Mutex<DesfireCard>>, answer: F) -> Self {
        Self { card: Arc::clone(card), answer }
    }
}

impl<F: FnMut(&Mutex<DesfireCard>, &[u8]) -> Vec<u8> + Send> ApduCard for Watched<F> {
    fn power_on(&mut self) {
        self.card.power_on();
    }

    fn power_off(&mut self) {
        self.card.power_off();
    }

    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn uid(&self) -> Vec<u8> {
        self.card.uid()
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        (self.answer)(&self.card, command)
    }
}
