//! An exchange written as one sentence after the other: ask, read the answer, go on. Everything in this crate is built
//! from it, so that only this file holds state between two commands.

use lanyard_apdu::{Chaining, Command, Response, Script, Step};

use crate::PivError;

type Read<T> = Box<dyn FnOnce(&Response) -> Next<T> + Send>;

/// What comes next in an exchange.
pub(crate) enum Next<T> {
    Ask(Command, Read<T>),
    End(Result<T, PivError>),
}

impl<T: Send + 'static> Next<T> {
    /// Sends a command and goes on with its answer.
    pub(crate) fn ask(command: Command, read: impl FnOnce(&Response) -> Self + Send + 'static) -> Self {
        Self::Ask(command, Box::new(read))
    }

    /// Sends a command whose answer ends the exchange.
    pub(crate) fn last(command: Command, read: impl FnOnce(&Response) -> Result<T, PivError> + Send + 'static) -> Self {
        Self::ask(command, |response| Self::End(read(response)))
    }

    /// Goes on with the result, be it good or bad.
    pub(crate) fn whatever<U: Send + 'static>(
        self,
        then: impl FnOnce(Result<T, PivError>) -> Next<U> + Send + 'static,
    ) -> Next<U> {
        match self {
            Self::End(result) => then(result),
            Self::Ask(command, read) => Next::ask(command, |response| read(response).whatever(then)),
        }
    }

    /// Goes on with a good result; a bad one ends the exchange.
    pub(crate) fn then<U: Send + 'static>(self, then: impl FnOnce(T) -> Next<U> + Send + 'static) -> Next<U> {
        self.whatever(|result| match result {
            Ok(value) => then(value),
            Err(error) => Next::End(Err(error)),
        })
    }

    /// A good result made into another.
    pub(crate) fn map<U: Send + 'static>(self, change: impl FnOnce(T) -> U + Send + 'static) -> Next<U> {
        self.then(|value| Next::End(Ok(change(value))))
    }
}

enum State<T> {
    Start(Next<T>),
    Waiting(Read<T>),
    Over,
}

struct Sequence<T>(State<T>);

impl<T> Script for Sequence<T> {
    type Output = T;
    type Error = PivError;

    fn step(&mut self, response: Option<&Response>) -> Step<T, PivError> {
        let next = match (std::mem::replace(&mut self.0, State::Over), response) {
            (State::Start(next), None) => next,
            (State::Waiting(read), Some(response)) => read(response),
            _ => return Step::Failed(PivError::Ended),
        };
        match next {
            Next::End(Ok(value)) => Step::Done(value),
            Next::End(Err(error)) => Step::Failed(error),
            Next::Ask(command, read) => {
                self.0 = State::Waiting(read);
                Step::Transmit(command)
            }
        }
    }
}

/// An exchange with a card, ready to be driven. Long commands are chained and long answers put together inside.
///
/// Dropped half-way it leaves the card as the last command left it; what each may have left is said where it is made.
#[must_use = "an operation does nothing until it is driven"]
pub struct Operation<T>(Chaining<Sequence<T>>);

impl<T> Operation<T> {
    pub(crate) fn new(next: Next<T>) -> Self {
        Self(Chaining::new(Sequence(State::Start(next))))
    }
}

impl<T> Script for Operation<T> {
    type Output = T;
    type Error = PivError;

    fn step(&mut self, response: Option<&Response>) -> Step<T, PivError> {
        self.0.step(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_that_is_over_says_so_instead_of_sending_again() {
        let mut operation = Operation::new(Next::last(Command::new(0, 0xFD, 0, 0), |_| Ok(())));
        assert!(matches!(operation.step(None), Step::Transmit(_)));
        assert!(matches!(operation.step(Some(&Response::status(0x9000))), Step::Done(())));
        assert!(matches!(operation.step(Some(&Response::status(0x9000))), Step::Failed(PivError::Ended)));
    }
}
