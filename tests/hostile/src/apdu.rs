//! ISO 7816-4 commands and answers, and the chaining of both.

use lanyard_apdu::{ApduError, Chaining, Command, Response, Script, Step};

use crate::fed::Fed;

/// More exchanges than any honest chain: 65,536 bytes in pieces of 64.
const MOST: usize = 1_100;

pub fn apdu(bytes: &[u8]) {
    if let Ok(command) = Command::parse(bytes) {
        let again = Command::parse(&command.encode()).unwrap();
        assert_eq!(again, command);
    }
    match Response::parse(bytes) {
        Ok(response) => assert_eq!(response.encode(), bytes),
        Err(_) => assert!(bytes.len() < 2 || bytes.len() > 65_538),
    }
    chained(&mut Fed(bytes));
}

/// Sends one command and takes its answer, whatever it is.
struct Once(Option<Command>);

impl Script for Once {
    type Output = Response;
    type Error = ApduError;

    fn step(&mut self, response: Option<&Response>) -> Step<Response, ApduError> {
        match (response, self.0.take()) {
            (None, Some(command)) => Step::Transmit(command),
            (Some(response), _) => Step::Done(response.clone()),
            (None, None) => Step::Failed(ApduError::NotACommand { len: 0 }),
        }
    }
}

fn chained(fed: &mut Fed<'_>) {
    let command = Command::new(fed.byte(), fed.byte(), fed.byte(), fed.byte()).with_data(vec![7; fed.u16().into()]);
    let pieces = command.data.len().div_ceil(255).max(1);
    let mut script = Chaining::new(Once(Some(command)));
    let mut step = script.step(None);
    // What is at the end of the input is said again and again.
    let mut last = Response::status(0x9000);
    for exchange in 0.. {
        assert!(exchange <= MOST + pieces, "no end");
        match step {
            Step::Done(_) | Step::Failed(_) => return,
            Step::Transmit(command) => assert!(command.data.len() <= 255),
        }
        if !fed.is_over() {
            let data = fed.some().to_vec();
            last = Response::new(data, lanyard_apdu::Status(fed.u16()));
        }
        step = script.step(Some(&last));
    }
}
