//! The PC/SC service and what its error codes mean to an operator.

use std::ffi::CString;

use lanyard_device::DeviceError;
use pcsc::{Context, Error, Scope};

/// How errors name the service itself: a [`DeviceError::Gone`] with this name means that it is not running (on Linux:
/// `systemctl start pcscd.socket`), not that a reader was unplugged.
pub const SERVICE: &str = "PC/SC service";

/// A connection to the service.
pub(crate) fn establish() -> Result<Context, DeviceError> {
    Context::establish(Scope::User).map_err(|error| at_service(error, SERVICE))
}

/// The names of the readers that are plugged in.
pub(crate) fn names(context: &Context) -> Result<Vec<CString>, DeviceError> {
    match context.list_readers_owned() {
        Ok(names) => Ok(names),
        Err(Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(at_service(error, SERVICE)),
    }
}

/// An error of the service, or of a reader where it is asked what lies on it.
pub(crate) fn at_service(error: Error, device: &str) -> DeviceError {
    match error {
        Error::ReaderUnavailable | Error::UnknownReader | Error::NoReadersAvailable => {
            DeviceError::Gone { device: device.to_owned() }
        }
        // What libpcsclite says when pcscd ends, or is started again, under a connection.
        Error::NoService
        | Error::ServiceStopped
        | Error::Shutdown
        | Error::InvalidHandle
        | Error::InternalError
        | Error::CommError
        | Error::SystemCancelled
        | Error::NoAccess
        | Error::SecurityViolation => DeviceError::Gone { device: SERVICE.to_owned() },
        Error::ServerTooBusy | Error::SharingViolation => DeviceError::Busy { device: device.to_owned() },
        _ => DeviceError::Protocol { device: device.to_owned(), what: "PC/SC status" },
    }
}

/// An error while a card is opened or spoken to. `open` is whether a session existed: then a card that is not there has
/// left, and what it did with the last command is unknown.
pub(crate) fn at_card(error: Error, reader: &str, open: bool) -> DeviceError {
    let name = || reader.to_owned();
    match error {
        Error::NoSmartcard | Error::RemovedCard if !open => DeviceError::NoCard { reader: name() },
        Error::NoSmartcard
        | Error::RemovedCard
        // Another program, or a field that broke down, has reset it: what it knew of the session is lost.
        | Error::ResetCard
        | Error::UnpoweredCard
        // What contactless readers say of a card that left in the middle of a command.
        | Error::NotTransacted
        | Error::CommDataLost
            if open =>
        {
            DeviceError::CardGone { reader: name() }
        }
        Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard | Error::ProtoMismatch => {
            DeviceError::Protocol { device: name(), what: "card without a usable answer to reset" }
        }
        Error::SharingViolation => DeviceError::Busy { device: name() },
        Error::InsufficientBuffer => DeviceError::Protocol { device: name(), what: "answer above 64 KiB" },
        _ => at_service(error, reader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_not_running_is_told_from_a_reader_that_was_unplugged() {
        assert_eq!(at_service(Error::NoService, "A"), DeviceError::Gone { device: SERVICE.to_owned() });
        assert_eq!(at_service(Error::ReaderUnavailable, "A"), DeviceError::Gone { device: "A".to_owned() });
        assert_eq!(at_card(Error::ReaderUnavailable, "A", true), DeviceError::Gone { device: "A".to_owned() });
    }

    #[test]
    fn a_card_that_left_is_told_from_one_that_never_came() {
        assert_eq!(at_card(Error::NoSmartcard, "A", false), DeviceError::NoCard { reader: "A".to_owned() });
        assert_eq!(at_card(Error::RemovedCard, "A", true), DeviceError::CardGone { reader: "A".to_owned() });
        assert_eq!(at_card(Error::ResetCard, "A", true), DeviceError::CardGone { reader: "A".to_owned() });
    }

    #[test]
    fn a_card_held_by_another_program_is_busy() {
        assert_eq!(at_card(Error::SharingViolation, "A", false), DeviceError::Busy { device: "A".to_owned() });
    }
}
