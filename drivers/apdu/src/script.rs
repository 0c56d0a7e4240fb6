//! A card protocol as a state machine without I/O, and the one loop that drives it over a channel.

use crate::{ApduError, Command, Response};

/// What a script wants next.
#[derive(Debug)]
pub enum Step<O, E> {
    /// Send this; feed the answer back.
    Transmit(Command),
    /// It is over, with this result. Stepping on is a bug of the caller's; the script answers with its own error.
    Done(O),
    /// It is over, without.
    Failed(E),
}

/// A protocol run. Start with `step(None)`, then feed each response.
pub trait Script {
    /// What it comes to.
    type Output;
    /// The protocol's error.
    type Error;

    /// Takes the answer to the last command (`None` at the start), says what is next.
    fn step(&mut self, response: Option<&Response>) -> Step<Self::Output, Self::Error>;
}

/// Why a script that was driven over a channel did not finish.
#[derive(Debug)]
pub enum DriveError<E, C> {
    /// The protocol failed.
    Script(E),
    /// What came back is no response APDU.
    Apdu(ApduError),
    /// The channel failed: card gone, reader gone.
    Channel(C),
}

/// Runs a script to its end over `exchange` (command bytes in, response bytes out).
///
/// # Errors
/// [`DriveError`], by where it failed.
pub fn drive<S: Script, C>(
    script: &mut S,
    mut exchange: impl FnMut(&[u8]) -> Result<Vec<u8>, C>,
) -> Result<S::Output, DriveError<S::Error, C>> {
    let mut last: Option<Response> = None;
    loop {
        match script.step(last.as_ref()) {
            Step::Done(output) => return Ok(output),
            Step::Failed(error) => return Err(DriveError::Script(error)),
            Step::Transmit(command) => {
                let answer = exchange(&command.encode()).map_err(DriveError::Channel)?;
                last = Some(Response::parse(&answer).map_err(DriveError::Apdu)?);
            }
        }
    }
}
