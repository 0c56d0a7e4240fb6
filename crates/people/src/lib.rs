//! A person's data: the form, what is required, who is alike, and lists read from files. Pure; the store keeps the
//! records, `station` commits them.

mod fold;
mod form;
mod import;

pub use fold::fold;
pub use form::{FORM, Field, check, tidy};
pub use import::{ImportError, Row, parse, refused_file, with_reasons};

use lanyard_fault::{Coded, Fault, Helps};

/// What is wrong with a person's data. Names the field, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// Required before a badge is issued.
    #[error("field {field} is empty")]
    Missing {
        /// Field name.
        field: &'static str,
    },
    /// Longer than any card, directory or printer takes.
    #[error("field {field} is longer than {longest} characters")]
    Long {
        /// Field name.
        field: &'static str,
        /// In characters.
        longest: u32,
    },
    /// Control characters, or a line break.
    #[error("field {field} holds a control character")]
    Control {
        /// Field name.
        field: &'static str,
    },
    /// Not a field of the form.
    #[error("no field is called {field}")]
    Unknown {
        /// As given.
        field: String,
    },
}

impl Coded for PersonError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "person.field.missing",
            Self::Long { .. } => "person.field.long",
            Self::Control { .. } => "person.field.control",
            Self::Unknown { .. } => "person.field.unknown",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn helps(&self) -> Helps {
        Helps::SameAgain
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Missing { field } | Self::Control { field } => vec![("field", (*field).to_owned())],
            Self::Long { field, longest } => {
                vec![("field", (*field).to_owned()), ("longest", longest.to_string())]
            }
            Self::Unknown { field } => vec![("field", field.clone())],
        }
    }
}
