//! A workflow that has passed every check that can be made before it runs.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::WorkflowError;
use crate::condition::Condition;
use crate::instance::DefinitionRef;
use crate::read::{self, Process, What};

/// Who does a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A person at the desk (`userTask`).
    Person,
    /// The station by itself (`serviceTask`).
    Station,
}

/// A name in the four languages of the station.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "ISO 639-1 codes")]
pub struct Names {
    pub en: String,
    pub fr: String,
    pub de: String,
    pub sv: String,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its element id in the file.
    pub id: String,
    /// What is done: one of the [`Kinds`].
    pub kind: String,
    /// Who does it.
    pub by: By,
    /// What people call it.
    pub names: Names,
}

/// The kinds of task that the caller can carry out.
#[derive(Clone, Copy, Debug)]
pub struct Kinds<'a> {
    /// For `userTask`.
    pub person: &'a [&'a str],
    /// For `serviceTask`.
    pub station: &'a [&'a str],
}

/// A checked workflow.
#[derive(Clone, Debug)]
pub struct Definition {
    reference: DefinitionRef,
    names: Names,
    start: usize,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub id: String,
    line: u32,
    pub what: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Start {
        next: usize,
    },
    Task {
        task: Task,
        next: usize,
    },
    /// Ways in the order of the file: the first whose condition holds is gone.
    Gateway {
        ways: Vec<Way>,
        default: usize,
    },
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub flow: String,
    pub condition: Condition,
    pub to: usize,
}

impl Definition {
    /// Reads and checks a file: one start; every element reached, and from each an end; every gateway with a default
    /// and conditions that compile; every task of a known kind, named in four languages.
    ///
    /// # Errors
    /// [`WorkflowError`], the first that is found, with element, id and line.
    pub fn parse(text: &str, kinds: Kinds<'_>) -> Result<Self, WorkflowError> {
        let process = read::process(text)?;
        let hash = Sha256::digest(text.as_bytes());
        let version = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let reference = DefinitionRef { id: process.id.clone(), version };
        let (nodes, start) = link(&process, kinds)?;
        let definition = Self { reference, names: process.names, start, nodes };
        definition.check_paths()?;
        Ok(definition)
    }

    /// Its id, and the SHA-256 of the file as its version.
    #[must_use]
    pub fn reference(&self) -> &DefinitionRef {
        &self.reference
    }

    /// What people call it.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Every task, in the order of the file.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.nodes.iter().filter_map(|node| match &node.what {
            NodeKind::Task { task, .. } => Some(task),
            _ => None,
        })
    }

    /// The task with this element id.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<&Task> {
        self.tasks().find(|task| task.id == id)
    }

    pub(crate) fn start_index(&self) -> usize {
        self.start
    }

    pub(crate) fn index(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }

    fn outgoing(&self, index: usize) -> Vec<usize> {
        match &self.nodes[index].what {
            NodeKind::Start { next } | NodeKind::Task { next, .. } => vec![*next],
            NodeKind::Gateway { ways, default } => ways.iter().map(|way| way.to).chain([*default]).collect(),
            NodeKind::End => Vec::new(),
        }
    }

    fn check_paths(&self) -> Result<(), WorkflowError> {
        let reached = closure(self.nodes.len(), self.start, |at| self.outgoing(at));
        if let Some(lost) = reached.iter().position(|yes| !yes) {
            let Node { id, line, .. } = &self.nodes[lost];
            return Err(WorkflowError::Unreachable { id: id.clone(), line: *line });
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let ahead = closure(self.nodes.len(), index, |at| self.outgoing(at));
            let ends = self.nodes.iter().zip(&ahead).any(|(node, yes)| *yes && matches!(node.what, NodeKind::End));
            if !ends {
                return Err(WorkflowError::NoEnd { id: node.id.clone(), line: node.line });
            }
            if !matches!(node.what, NodeKind::Gateway { .. }) {
                continue;
            }
            let only_gateways = |at: usize| match &self.nodes[at].what {
                NodeKind::Gateway { .. } => self.outgoing(at),
                _ => Vec::new(),
            };
            if self.outgoing(index).into_iter().any(|next| closure(self.nodes.len(), next, only_gateways)[index]) {
                return Err(WorkflowError::Spins { id: node.id.clone(), line: node.line });
            }
        }
        Ok(())
    }
}

/// Which elements can be reached from one, itself included.
fn closure(count: usize, from: usize, outgoing: impl Fn(usize) -> Vec<usize>) -> Vec<bool> {
    let mut reached = vec![false; count];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            open.extend(outgoing(at));
        }
    }
    reached
}

/// Turns ids into places, and checks each element with the flows that leave it.
fn link(process: &Process, kinds: Kinds<'_>) -> Result<(Vec<Node>, usize), WorkflowError> {
    let mut places = BTreeMap::new();
    let mut start = None;
    // Checking paths is quadratic in this.
    if process.nodes.len() > 500 {
        return Err(WorkflowError::TooLarge { what: "elements", limit: 500 });
    }
    for (place, node) in process.nodes.iter().enumerate() {
        let doubled = || WorkflowError::OneTooMany {
            element: node.what.element().to_owned(),
            id: node.id.clone(),
            line: node.line,
        };
        if places.insert(node.id.as_str(), place).is_some() {
            return Err(doubled());
        }
        if matches!(node.what, What::Start) && start.replace(place).is_some() {
            return Err(doubled());
        }
    }
    let start = start.ok_or_else(|| WorkflowError::Missing {
        element: "process".to_owned(),
        id: process.id.clone(),
        what: "startEvent",
        line: process.line,
    })?;
    let mut seen = BTreeMap::new();
    for flow in &process.flows {
        if places.contains_key(flow.id.as_str()) || seen.insert(flow.id.as_str(), ()).is_some() {
            let element = "sequenceFlow".to_owned();
            return Err(WorkflowError::OneTooMany { element, id: flow.id.clone(), line: flow.line });
        }
        for end in [&flow.from, &flow.to] {
            if !places.contains_key(end.as_str()) {
                return Err(WorkflowError::Dangling {
                    element: "sequenceFlow".to_owned(),
                    id: flow.id.clone(),
                    to: end.clone(),
                    line: flow.line,
                });
            }
        }
        if places.get(flow.to.as_str()) == Some(&start) {
            let element = "sequenceFlow into a startEvent".to_owned();
            return Err(WorkflowError::Unsupported { element, id: flow.id.clone(), line: flow.line });
        }
    }
    let nodes = process.nodes.iter().map(|node| link_node(node, process, &places, kinds)).collect::<Result<_, _>>()?;
    Ok((nodes, start))
}

fn link_node(
    node: &read::FlowNode,
    process: &Process,
    places: &BTreeMap<&str, usize>,
    kinds: Kinds<'_>,
) -> Result<Node, WorkflowError> {
    let element = node.what.element();
    let missing =
        |what| WorkflowError::Missing { element: element.to_owned(), id: node.id.clone(), what, line: node.line };
    let leaving: Vec<_> = process.flows.iter().filter(|flow| flow.from == node.id).collect();
    let place = |flow: &read::Flow| places.get(flow.to.as_str()).copied().unwrap_or_default();
    let single = || match leaving.as_slice() {
        [] => Err(missing("outgoing sequenceFlow")),
        // More than one would be a fork (§13.2.1), and a condition here would make it an inclusive one.
        [one] if one.condition.is_none() => Ok(place(one)),
        [other] | [_, other, ..] => Err(WorkflowError::Unsupported {
            element: format!("sequenceFlow out of a {element}"),
            id: other.id.clone(),
            line: other.line,
        }),
    };
    let what = match &node.what {
        What::Start => NodeKind::Start { next: single()? },
        What::End => match leaving.first() {
            None => NodeKind::End,
            Some(flow) => {
                let element = "sequenceFlow out of an endEvent".to_owned();
                return Err(WorkflowError::Unsupported { element, id: flow.id.clone(), line: flow.line });
            }
        },
        What::Task { by, kind, names } => {
            let known = match by {
                By::Person => kinds.person,
                By::Station => kinds.station,
            };
            if !known.contains(&kind.as_str()) {
                let (id, kind) = (node.id.clone(), kind.chars().take(200).collect());
                return Err(WorkflowError::UnknownKind { id, kind, line: node.line });
            }
            let task = Task { id: node.id.clone(), kind: kind.clone(), by: *by, names: names.clone() };
            NodeKind::Task { task, next: single()? }
        }
        What::Gateway { default } => {
            let default_id = match (default, leaving.as_slice()) {
                (Some(id), _) => id,
                // A gateway that only joins has one way out, and no choice.
                (None, [one]) if one.condition.is_none() => &one.id,
                (None, _) => return Err(missing("default")),
            };
            let mut ways = Vec::new();
            let mut default = None;
            for flow in &leaving {
                match &flow.condition {
                    _ if flow.id == *default_id && flow.condition.is_some() => {
                        let element = "conditionExpression on a default sequenceFlow".to_owned();
                        return Err(WorkflowError::Unsupported { element, id: flow.id.clone(), line: flow.line });
                    }
                    _ if flow.id == *default_id => default = Some(place(flow)),
                    None => {
                        return Err(WorkflowError::Missing {
                            element: "sequenceFlow".to_owned(),
                            id: flow.id.clone(),
                            what: "conditionExpression",
                            line: flow.line,
                        });
                    }
                    Some(text) => {
                        let condition = Condition::compile(text).map_err(|why| WorkflowError::Condition {
                            id: flow.id.clone(),
                            why,
                            line: flow.line,
                        })?;
                        ways.push(Way { flow: flow.id.clone(), condition, to: place(flow) });
                    }
                }
            }
            let default = default.ok_or_else(|| WorkflowError::Dangling {
                element: element.to_owned(),
                id: node.id.clone(),
                to: default_id.clone(),
                line: node.line,
            })?;
            NodeKind::Gateway { ways, default }
        }
    };
    Ok(Node { id: node.id.clone(), line: node.line, what })
}
