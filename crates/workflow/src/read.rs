//! From BPMN 2.0 XML to elements and flows. What is not run here is refused by name, id and line; what only draws
//! (BPMN DI) and what other vendors add in namespaces of their own is passed over.

use roxmltree::{Document, Node, ParsingOptions};

use crate::definition::{By, Names};
use crate::{CONDITION_LANGUAGE, NAMESPACE, WorkflowError};

/// The longest file, in bytes.
pub const LIMIT_BYTES: usize = 1 << 20;
/// The most XML nodes (elements, texts, comments).
pub const LIMIT_NODES: usize = 20_000;
/// The deepest nesting of elements.
pub const LIMIT_DEPTH: usize = 32;

const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const BPMN_DI: &str = "http://www.omg.org/spec/BPMN/20100524/DI";

/// A process as it is written.
pub(crate) struct Process {
    pub id: String,
    pub names: Names,
    pub line: u32,
    pub nodes: Vec<FlowNode>,
    pub flows: Vec<Flow>,
}

/// A flow node as it is written.
pub(crate) struct FlowNode {
    pub id: String,
    pub line: u32,
    pub what: What,
}

pub(crate) enum What {
    Start,
    End,
    Task { by: By, kind: String, names: Names },
    Gateway { default: Option<String> },
}

impl What {
    pub(crate) fn element(&self) -> &'static str {
        match self {
            Self::Start => "startEvent",
            Self::End => "endEvent",
            Self::Task { by: By::Person, .. } => "userTask",
            Self::Task { by: By::Station, .. } => "serviceTask",
            Self::Gateway { .. } => "exclusiveGateway",
        }
    }
}

/// A sequence flow as it is written.
pub(crate) struct Flow {
    pub id: String,
    pub from: String,
    pub to: String,
    pub condition: Option<String>,
    pub line: u32,
}

/// Reads the one process of a file.
pub(crate) fn process(text: &str) -> Result<Process, WorkflowError> {
    if text.len() > LIMIT_BYTES {
        return Err(WorkflowError::TooLarge { what: "bytes", limit: LIMIT_BYTES });
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: LIMIT_NODES as u32, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => WorkflowError::TooLarge { what: "nodes", limit: LIMIT_NODES },
        other => WorkflowError::Xml { line: other.pos().row, why: other.to_string() },
    })?;
    let mut depth = 0;
    for node in document.descendants() {
        depth = depth.max(node.ancestors().take(LIMIT_DEPTH + 2).count());
    }
    if depth > LIMIT_DEPTH {
        return Err(WorkflowError::TooLarge { what: "levels", limit: LIMIT_DEPTH });
    }
    let root = document.root_element();
    if !root.has_tag_name((BPMN, "definitions")) {
        return Err(WorkflowError::NotBpmn);
    }
    let language = root.attribute("expressionLanguage");
    let mut found = None;
    for child in root.children().filter(Node::is_element) {
        if child.has_tag_name((BPMN, "process")) {
            if found.is_some() {
                return Err(one_too_many(child));
            }
            found = Some(child);
        } else if child.tag_name().namespace() != Some(BPMN_DI) {
            return Err(unsupported(child));
        }
    }
    let process = found.ok_or(WorkflowError::Missing {
        element: "definitions".to_owned(),
        id: id_of(root),
        what: "process",
        line: line(root),
    })?;
    read_process(process, language)
}

fn read_process(process: Node<'_, '_>, language: Option<&str>) -> Result<Process, WorkflowError> {
    attributes(process, &["id", "name", "isExecutable", "processType", "isClosed"])?;
    if process.attribute("isExecutable") != Some("true") {
        return Err(missing(process, "isExecutable=\"true\""));
    }
    let mut nodes = Vec::new();
    let mut flows = Vec::new();
    for child in process.children().filter(Node::is_element) {
        if is_aside(child) {
            continue;
        }
        if child.tag_name().namespace() != Some(BPMN) {
            return Err(unsupported(child));
        }
        let what = match child.tag_name().name() {
            "startEvent" => {
                attributes(child, &["id", "name", "isInterrupting"])?;
                What::Start
            }
            "endEvent" => {
                attributes(child, &["id", "name"])?;
                What::End
            }
            "userTask" => task(child, By::Person)?,
            "serviceTask" => task(child, By::Station)?,
            "exclusiveGateway" => {
                attributes(child, &["id", "name", "default", "gatewayDirection"])?;
                What::Gateway { default: child.attribute("default").map(str::to_owned) }
            }
            "sequenceFlow" => {
                flows.push(flow(child, language)?);
                continue;
            }
            _ => return Err(unsupported(child)),
        };
        // Incoming and outgoing repeat what the flows say; the flows count (§8.3.1: they must agree).
        for inner in child.children().filter(Node::is_element) {
            if !is_aside(inner) && !inner.has_tag_name((BPMN, "incoming")) && !inner.has_tag_name((BPMN, "outgoing")) {
                return Err(unsupported(inner));
            }
        }
        nodes.push(FlowNode { id: required(child, "id")?, line: line(child), what });
    }
    Ok(Process { id: required(process, "id")?, names: names(process)?, line: line(process), nodes, flows })
}

fn task(node: Node<'_, '_>, by: By) -> Result<What, WorkflowError> {
    attributes(node, &["id", "name", "implementation"])?;
    let kind = node.attribute((NAMESPACE, "kind")).ok_or_else(|| missing(node, "lanyard:kind"))?;
    Ok(What::Task { by, kind: kind.to_owned(), names: names(node)? })
}

fn flow(node: Node<'_, '_>, language: Option<&str>) -> Result<Flow, WorkflowError> {
    attributes(node, &["id", "name", "sourceRef", "targetRef"])?;
    let mut condition = None;
    for child in node.children().filter(Node::is_element) {
        if child.has_tag_name((BPMN, "conditionExpression")) {
            if condition.is_some() {
                return Err(one_too_many(child));
            }
            attributes(child, &["id", "language"])?;
            if child.attribute("language").or(language) != Some(CONDITION_LANGUAGE) {
                return Err(missing(child, "language=\"https://cel.dev\""));
            }
            condition = Some(whole_text(child)?);
        } else if !is_aside(child) {
            return Err(unsupported(child));
        }
    }
    Ok(Flow {
        id: required(node, "id")?,
        from: required(node, "sourceRef")?,
        to: required(node, "targetRef")?,
        condition,
        line: line(node),
    })
}

/// The names in four languages out of `extensionElements`.
fn names(node: Node<'_, '_>) -> Result<Names, WorkflowError> {
    let mut names = [const { None }; 4];
    let extensions = node.children().filter(|child| child.has_tag_name((BPMN, "extensionElements")));
    for child in extensions.flat_map(|extension| extension.children()).filter(Node::is_element) {
        if child.tag_name().namespace() != Some(NAMESPACE) {
            continue;
        }
        let place = match (child.tag_name().name(), child.attribute("lang")) {
            ("name", Some("en")) => 0,
            ("name", Some("fr")) => 1,
            ("name", Some("de")) => 2,
            ("name", Some("sv")) => 3,
            _ => return Err(unsupported(child)),
        };
        if names[place].is_some() {
            return Err(one_too_many(child));
        }
        let text = whole_text(child)?;
        if text.is_empty() || text.len() > 200 {
            return Err(missing(child, "text of 1 to 200 bytes"));
        }
        names[place] = Some(text);
    }
    let [en, fr, de, sv] = names;
    Ok(Names {
        en: en.ok_or_else(|| missing(node, "lanyard:name lang=\"en\""))?,
        fr: fr.ok_or_else(|| missing(node, "lanyard:name lang=\"fr\""))?,
        de: de.ok_or_else(|| missing(node, "lanyard:name lang=\"de\""))?,
        sv: sv.ok_or_else(|| missing(node, "lanyard:name lang=\"sv\""))?,
    })
}

/// All of an element's text; an element in its place, or between, is refused.
fn whole_text(node: Node<'_, '_>) -> Result<String, WorkflowError> {
    if let Some(inner) = node.children().find(Node::is_element) {
        return Err(unsupported(inner));
    }
    let text: String = node.children().filter_map(|child| if child.is_text() { child.text() } else { None }).collect();
    Ok(text.trim().to_owned())
}

/// Documentation and extensions stand beside what runs.
fn is_aside(node: Node<'_, '_>) -> bool {
    node.has_tag_name((BPMN, "documentation")) || node.has_tag_name((BPMN, "extensionElements"))
}

/// Refuses an attribute of BPMN's own, or of ours, that is not among these.
fn attributes(node: Node<'_, '_>, known: &[&str]) -> Result<(), WorkflowError> {
    for attribute in node.attributes() {
        let fits = match attribute.namespace() {
            None => known.contains(&attribute.name()),
            Some(NAMESPACE) => attribute.name() == "kind" && node.tag_name().name().ends_with("Task"),
            Some(_) => true,
        };
        if !fits {
            let element = format!("{}/@{}", node.tag_name().name(), attribute.name());
            return Err(WorkflowError::Unsupported { element, id: id_of(node), line: line(node) });
        }
    }
    Ok(())
}

fn required(node: Node<'_, '_>, what: &'static str) -> Result<String, WorkflowError> {
    match node.attribute(what) {
        Some(value) if !value.is_empty() && value.len() <= 200 => Ok(value.to_owned()),
        _ => Err(missing(node, what)),
    }
}

fn line(node: Node<'_, '_>) -> u32 {
    node.document().text_pos_at(node.range().start).row
}

fn id_of(node: Node<'_, '_>) -> String {
    // What is nested has often no id of its own; the one around it says where to look.
    node.ancestors().find_map(|around| around.attribute("id")).unwrap_or_default().chars().take(200).collect()
}

fn element(node: Node<'_, '_>) -> String {
    node.tag_name().name().chars().take(200).collect()
}

fn unsupported(node: Node<'_, '_>) -> WorkflowError {
    WorkflowError::Unsupported { element: element(node), id: id_of(node), line: line(node) }
}

fn one_too_many(node: Node<'_, '_>) -> WorkflowError {
    WorkflowError::OneTooMany { element: element(node), id: id_of(node), line: line(node) }
}

fn missing(node: Node<'_, '_>, what: &'static str) -> WorkflowError {
    WorkflowError::Missing { element: element(node), id: id_of(node), what, line: line(node) }
}
