//! A rehearsal at whose desk badges have no contact chip, and a card's way through it.

use std::time::Duration;

use lanyard_station::Station;
use lanyard_station::api::{
    BenchAction, BenchCardKind, CaseState, CaseView, Identified, NextStep, Standing, StepInput,
};
use lanyard_tests::house::{EILEEN, ENCODER, Home, PORTRAIT, lay_new, until};
use lanyard_virtual::{Fault, FaultKind};

pub struct Desk {
    pub station: Station,
    _home: Home,
}

impl Desk {
    pub fn new() -> Self {
        let home = Home::new();
        let station = home.rehearsal();
        station.device_role("reader:Chip reader", None).unwrap();
        station.photo_set(&station.person_of(EILEEN).unwrap(), PORTRAIT, None).unwrap();
        Self { station, _home: home }
    }

    /// A case of this encoding, at the step `card`; nothing lies on the encoder.
    pub fn at_card(&self, encoding: &str) -> CaseView {
        let station = &self.station;
        let _ = self.desk().lift(ENCODER);
        self.gone();
        let case = station.case_open_with(&station.person_of(EILEEN).unwrap(), encoding).unwrap();
        let fields = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
        station.case_do(&case.id, StepInput::ConfirmData { fields }).unwrap();
        station.case_do(&case.id, StepInput::KeepPhoto).unwrap();
        let view = station.case_do(&case.id, StepInput::AcceptPreview).unwrap();
        assert_eq!((view.step.as_str(), &view.problem), ("card", &None));
        view
    }

    /// From the cards that lie there to handed over.
    pub fn hand_over(&self, case: &str) {
        until(&self.station, case, |view| view.step == "hand_over");
        self.station.case_do(case, StepInput::Identify { how: Identified::Known }).unwrap();
        until(&self.station, case, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
        assert_eq!(self.station.case_do(case, StepInput::Given).unwrap().state, CaseState::Done);
    }

    /// A badge of this encoding, handed over, its card on the encoder; the card's number in the drawer.
    pub fn issued(&self, encoding: &str) -> u32 {
        let case = self.at_card(encoding);
        let card = lay_new(&self.station, BenchCardKind::Blank, ENCODER);
        self.hand_over(&case.id);
        card
    }

    /// Lifts what lies there, lays this card, and waits until it was looked at.
    pub fn lay(&self, card: u32) -> (Standing, Vec<NextStep>) {
        self.desk().faults(ENCODER, []).unwrap();
        let _ = self.desk().lift(ENCODER);
        // What it says from then on is about the card that is laid.
        self.gone();
        self.station.bench_do(&BenchAction::Lay { card, reader: ENCODER.to_owned() }).unwrap();
        self.looked()
    }

    /// How the card on the encoder stands, once it was looked at.
    pub fn looked(&self) -> (Standing, Vec<NextStep>) {
        for _ in 0..6000 {
            if let Ok(card) = self.station.card_read(ENCODER)
                && card.standing != Standing::Reading
            {
                self.station.settle();
                let card = self.station.card_read(ENCODER).unwrap();
                return (card.standing, card.next);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the card is never looked at");
    }

    pub fn desk(&self) -> lanyard_virtual::Bench {
        self.station.bench_desk().unwrap()
    }

    /// Exchanges with the card that lies there, since it was laid.
    pub fn exchanges(&self) -> usize {
        self.desk().traffic(ENCODER).unwrap().0
    }

    /// The fault comes so many exchanges from now.
    pub fn fault_in(&self, exchanges: usize, kind: FaultKind) {
        self.desk().faults(ENCODER, [Fault { at: self.exchanges() + exchanges, kind }]).unwrap();
    }

    /// A card out of the box is laid on the encoder, after something was done to the reader; its number in the drawer.
    pub fn card_with(&self, act: impl FnOnce(&Self)) -> u32 {
        self.gone();
        let bench = self.station.bench_do(&BenchAction::NewCard { kind: BenchCardKind::Blank }).unwrap();
        let card = bench.cards.iter().map(|card| card.id).max().unwrap();
        act(self);
        self.station.bench_do(&BenchAction::Lay { card, reader: ENCODER.to_owned() }).unwrap();
        card
    }

    /// Waits until the station has seen that the card on the encoder is gone.
    pub fn gone(&self) {
        for _ in 0..30_000 {
            if self.station.card_read(ENCODER).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("the card is never gone");
    }
}
