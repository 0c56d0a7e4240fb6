//! BPMN 2.0, read and interpreted: state in, event in, state out.
//!
//! A [`Definition`] is a checked file; an [`Instance`] is where one case stands on it. What a task does is not known
//! here: a task has a kind, and `crates/issue` knows the kinds. Of BPMN (OMG formal/2011-01-03) this runs the plain
//! start event, the plain end event, user and service tasks, and the exclusive gateway with conditions and a default;
//! everything else is refused on load, by name, id and line, so that nothing in a drawing is silently passed over.

mod condition;
mod definition;
mod error;
mod instance;
mod read;
mod variables;

pub use definition::{By, Definition, Kinds, Names, Task};
pub use error::WorkflowError;
pub use instance::{DefinitionRef, Instance, Position, Stage};
pub use read::{LIMIT_BYTES, LIMIT_DEPTH, LIMIT_NODES};

/// The namespace of what Lanyard adds to BPMN: `kind` on a task, `name` with `lang` in `extensionElements`.
pub const NAMESPACE: &str = "urn:lanyard:workflow:1";

/// What `expressionLanguage` or `language` must say for conditions.
pub const CONDITION_LANGUAGE: &str = "https://cel.dev";
