//! What a token answers, in this house's words. Never a PIN, never key material: return values by name only.

use cryptoki::error::{Error, RvError};
use lanyard_keys::KeysError;

/// `call` is what was asked of it.
pub(crate) fn refused(call: &'static str) -> impl Fn(Error) -> KeysError {
    move |error| match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => KeysError::TokenPin,
        Error::Pkcs11(RvError::PinLocked, _) => KeysError::TokenPinLocked,
        Error::Pkcs11(RvError::DeviceRemoved | RvError::TokenNotPresent, _) => {
            KeysError::TokenMissing { serial: String::new() }
        }
        Error::Pkcs11(value, _) => KeysError::TokenFailed { call, answer: format!("{value:?}") },
        Error::LibraryLoading(_) => KeysError::TokenModule { why: "load" },
        Error::MissingSymbol(_) | Error::NullFunctionPointer => KeysError::TokenModule { why: "incomplete" },
        _ => KeysError::TokenFailed { call, answer: "malformed".to_owned() },
    }
}
