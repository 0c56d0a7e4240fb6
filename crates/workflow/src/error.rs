//! What is wrong with a workflow file, or with a running instance, by name and line.

use lanyard_fault::{Coded, Fault, Helps};

/// Everything that can be wrong, each with the element that it is about and its line in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "element, id, line and the like say themselves")]
pub enum WorkflowError {
    /// Above [`crate::LIMIT_BYTES`], [`crate::LIMIT_NODES`] or [`crate::LIMIT_DEPTH`].
    #[error("workflow file too large: more than {limit} {what}")]
    TooLarge { what: &'static str, limit: usize },
    /// Not well-formed XML, or with a document type or entities.
    #[error("not a workflow file: XML broken at line {line}: {why}")]
    Xml { line: u32, why: String },
    /// Well-formed, but no BPMN 2.0 definitions at its root.
    #[error("not a workflow file: no BPMN 2.0 definitions")]
    NotBpmn,
    /// An element, or one of its attributes, that is not run here.
    #[error("line {line}: {element} {id:?} is not supported")]
    Unsupported { element: String, id: String, line: u32 },
    /// Something that every workflow or element needs is not there.
    #[error("line {line}: {element} {id:?} has no {what}")]
    Missing { element: String, id: String, what: &'static str, line: u32 },
    /// There may be only one.
    #[error("line {line}: {element} {id:?} is one too many")]
    OneTooMany { element: String, id: String, line: u32 },
    /// A flow, or a default, names what does not exist.
    #[error("line {line}: {element} {id:?} refers to {to:?}, which does not exist")]
    Dangling { element: String, id: String, to: String, line: u32 },
    /// A task of a kind that this station does not know.
    #[error("line {line}: task {id:?} is of an unknown kind {kind:?}")]
    UnknownKind { id: String, kind: String, line: u32 },
    /// A condition that does not compile, or uses more of CEL than is allowed here.
    #[error("line {line}: condition of {id:?}: {why}")]
    Condition { id: String, why: String, line: u32 },
    /// No path leads there.
    #[error("line {line}: {id:?} is never reached")]
    Unreachable { id: String, line: u32 },
    /// From there no path leads to an end.
    #[error("line {line}: no path leads from {id:?} to an end")]
    NoEnd { id: String, line: u32 },
    /// Gateways that lead to each other without a task between.
    #[error("line {line}: {id:?} leads back to itself without a task between")]
    Spins { id: String, line: u32 },
    /// The instance belongs to another definition, or another version of it.
    #[error("this case runs on workflow {expected}, not on {found}")]
    OtherDefinition { expected: String, found: String },
    /// The instance's token stands where the definition has no task.
    #[error("this case stands at {token:?}, which the workflow does not have")]
    LostToken { token: String },
    /// The instance has ended: nothing is left to complete.
    #[error("this case has ended")]
    Ended,
    /// A condition met a variable that is not there or not of the right type.
    #[error("the condition of {flow:?} cannot be told: {why}")]
    Undecided { flow: String, why: String },
    /// An instance that has gone round too often.
    #[error("this case has passed more than {limit} tasks")]
    Endless { limit: usize },
}

impl Coded for WorkflowError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "workflow.file.large",
            Self::Xml { .. } => "workflow.file.xml",
            Self::NotBpmn => "workflow.file.foreign",
            Self::Unsupported { .. } => "workflow.element.unsupported",
            Self::Missing { .. } => "workflow.element.incomplete",
            Self::OneTooMany { .. } => "workflow.element.doubled",
            Self::Dangling { .. } => "workflow.element.dangling",
            Self::UnknownKind { .. } => "workflow.task.unknown_kind",
            Self::Condition { .. } => "workflow.condition.invalid",
            Self::Unreachable { .. } => "workflow.path.unreachable",
            Self::NoEnd { .. } => "workflow.path.no_end",
            Self::Spins { .. } => "workflow.path.spins",
            Self::OtherDefinition { .. } => "workflow.case.other_definition",
            Self::LostToken { .. } => "workflow.case.lost",
            Self::Ended => "workflow.case.ended",
            Self::Undecided { .. } => "workflow.condition.undecided",
            Self::Endless { .. } => "workflow.case.endless",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Ended | Self::LostToken { .. } => Fault::Us,
            Self::OtherDefinition { .. } | Self::Undecided { .. } | Self::Endless { .. } => Fault::Policy,
            _ => Fault::Operator,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Ended | Self::LostToken { .. } | Self::Endless { .. } => Helps::Never,
            Self::OtherDefinition { .. } | Self::Undecided { .. } => Helps::Later,
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLarge { what, limit } => vec![("what", (*what).to_owned()), ("limit", limit.to_string())],
            Self::Xml { line, why } => vec![("line", line.to_string()), ("why", why.clone())],
            Self::NotBpmn | Self::Ended => Vec::new(),
            Self::Unsupported { element, id, line } | Self::OneTooMany { element, id, line } => {
                vec![("element", element.clone()), ("id", id.clone()), ("line", line.to_string())]
            }
            Self::Missing { element, id, what, line } => vec![
                ("element", element.clone()),
                ("id", id.clone()),
                ("what", (*what).to_owned()),
                ("line", line.to_string()),
            ],
            Self::Dangling { element, id, to, line } => {
                vec![("element", element.clone()), ("id", id.clone()), ("to", to.clone()), ("line", line.to_string())]
            }
            Self::UnknownKind { id, kind, line } => {
                vec![("id", id.clone()), ("kind", kind.clone()), ("line", line.to_string())]
            }
            Self::Condition { id, why, line } => {
                vec![("id", id.clone()), ("why", why.clone()), ("line", line.to_string())]
            }
            Self::Unreachable { id, line } | Self::NoEnd { id, line } | Self::Spins { id, line } => {
                vec![("id", id.clone()), ("line", line.to_string())]
            }
            Self::OtherDefinition { expected, found } => {
                vec![("expected", expected.clone()), ("found", found.clone())]
            }
            Self::LostToken { token } => vec![("id", token.clone())],
            Self::Undecided { flow, why } => vec![("id", flow.clone()), ("why", why.clone())],
            Self::Endless { limit } => vec![("limit", limit.to_string())],
        }
    }
}
