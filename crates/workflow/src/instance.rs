//! Where one case stands: a token on a task, the variables, and the way it came. Resuming is loading it again.

use std::collections::BTreeMap;

use lanyard_model::Value;
use serde::{Deserialize, Serialize};

use crate::definition::{Definition, NodeKind, Task};
use crate::{WorkflowError, variables};

/// The most tasks that one case may pass: a loop in a drawing must not fill the store.
const LIMIT_PASSED: usize = 10_000;

/// Which definition, and which version of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionRef {
    /// The id of the BPMN process.
    pub id: String,
    /// SHA-256 of the file, in hex.
    pub version: String,
}

impl std::fmt::Display for DefinitionRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

/// One case on its way: working state, kept in the store, changed together with what a step brought about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// What it runs on.
    pub definition: DefinitionRef,
    /// The element where it stands: a task, or an end event.
    pub token: String,
    /// The tasks passed, in order.
    pub passed: Vec<String>,
    /// What conditions look at. Each step's outcome is merged in: maps by key, everything else replaced.
    #[serde(with = "variables")]
    pub variables: BTreeMap<String, Value>,
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position<'d> {
    /// This task is due.
    At(&'d Task),
    /// It is over, at the end event of this id.
    Ended(&'d str),
}

/// How far a task is, for the strap on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Passed.
    Done,
    /// Due now.
    Current,
    /// Ahead, as far as can be told from the variables now.
    Ahead,
}

impl Definition {
    /// A new case, at its first task.
    ///
    /// # Errors
    /// [`WorkflowError::Undecided`] if a gateway comes first and the variables do not decide it.
    pub fn start(&self, variables: BTreeMap<String, Value>) -> Result<Instance, WorkflowError> {
        let token = self.advance(self.start_index(), &variables)?;
        let token = self.nodes[token].id.clone();
        Ok(Instance { definition: self.reference().clone(), token, passed: Vec::new(), variables })
    }

    /// Where a case stands: what is asked after a restart.
    ///
    /// # Errors
    /// [`WorkflowError::OtherDefinition`], [`WorkflowError::LostToken`].
    pub fn position(&self, instance: &Instance) -> Result<Position<'_>, WorkflowError> {
        match &self.nodes[self.standing(instance)?] {
            node if matches!(node.what, NodeKind::End) => Ok(Position::Ended(&node.id)),
            node => match &node.what {
                NodeKind::Task { task, .. } => Ok(Position::At(task)),
                _ => Err(WorkflowError::LostToken { token: instance.token.clone() }),
            },
        }
    }

    /// The task where the case stands is done, and came to this. On an error the instance is as it was.
    ///
    /// # Errors
    /// As [`Definition::position`]; [`WorkflowError::Ended`], [`WorkflowError::Undecided`], [`WorkflowError::Endless`].
    pub fn complete(
        &self,
        instance: &mut Instance,
        outcome: BTreeMap<String, Value>,
    ) -> Result<Position<'_>, WorkflowError> {
        if let Position::Ended(_) = self.position(instance)? {
            return Err(WorkflowError::Ended);
        }
        if instance.passed.len() >= LIMIT_PASSED {
            return Err(WorkflowError::Endless { limit: LIMIT_PASSED });
        }
        let mut merged = instance.variables.clone();
        variables::merge(&mut merged, outcome);
        let next = self.advance(self.standing(instance)?, &merged)?;
        instance.variables = merged;
        instance.passed.push(std::mem::replace(&mut instance.token, self.nodes[next].id.clone()));
        self.position(instance)
    }

    /// The case as a list: what was done, what is due, what lies ahead. Where a gateway ahead cannot be told yet, the
    /// first way that could still be gone is shown.
    ///
    /// # Errors
    /// As [`Definition::position`].
    pub fn tasks_in_order(&self, instance: &Instance) -> Result<Vec<(Stage, &Task)>, WorkflowError> {
        let position = self.position(instance)?;
        let done = instance.passed.iter().filter_map(|id| self.task(id)).map(|task| (Stage::Done, task));
        let mut list: Vec<_> = done.collect();
        let Position::At(current) = position else { return Ok(list) };
        list.push((Stage::Current, current));
        let mut at = self.standing(instance)?;
        for _ in 0..self.nodes.len() {
            at = match &self.nodes[at].what {
                NodeKind::Start { next } | NodeKind::Task { next, .. } => *next,
                NodeKind::Gateway { ways, default } => {
                    let open = ways.iter().find(|way| way.condition.holds(&instance.variables) != Ok(false));
                    open.map_or(*default, |way| way.to)
                }
                NodeKind::End => break,
            };
            if let NodeKind::Task { task, .. } = &self.nodes[at].what {
                if list.iter().any(|(stage, known)| *stage != Stage::Done && *known == task) {
                    break;
                }
                list.push((Stage::Ahead, task));
            }
        }
        Ok(list)
    }

    fn standing(&self, instance: &Instance) -> Result<usize, WorkflowError> {
        if instance.definition != *self.reference() {
            return Err(WorkflowError::OtherDefinition {
                expected: instance.definition.to_string(),
                found: self.reference().to_string(),
            });
        }
        self.index(&instance.token).ok_or_else(|| WorkflowError::LostToken { token: instance.token.clone() })
    }

    /// From one element on to the next task or end. Ends, since no gateways lead round (checked on load).
    fn advance(&self, from: usize, variables: &BTreeMap<String, Value>) -> Result<usize, WorkflowError> {
        let mut at = match &self.nodes[from].what {
            NodeKind::Start { next } | NodeKind::Task { next, .. } => *next,
            NodeKind::Gateway { .. } | NodeKind::End => from,
        };
        while let NodeKind::Gateway { ways, default } = &self.nodes[at].what {
            let mut next = *default;
            for way in ways {
                let undecided = |why| WorkflowError::Undecided { flow: way.flow.clone(), why };
                if way.condition.holds(variables).map_err(undecided)? {
                    next = way.to;
                    break;
                }
            }
            at = next;
        }
        Ok(at)
    }
}
