//! How working state is written down: as JSON, or not at all. What cannot be written must not be taken for written.

use serde::Serialize;

use crate::StationError;

/// `what` names it in the error.
pub(crate) fn json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String, StationError> {
    serde_json::to_string(value).map_err(|_| StationError::NotWritten { what })
}

#[cfg(test)]
mod tests {
    use lanyard_fault::Coded;

    #[test]
    fn what_json_cannot_hold_is_an_error_and_no_empty_text() {
        let keys_that_are_no_names = std::collections::BTreeMap::from([((1, 2), 3)]);
        let refused = super::json("journal", &keys_that_are_no_names).map_err(|error| (error.code(), error.details()));
        assert_eq!(refused, Err(("station.not_written", vec![("what", "journal".to_owned())])));
    }
}
