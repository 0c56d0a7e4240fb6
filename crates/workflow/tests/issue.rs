//! The workflow that ships, run from start to end, and every way a file can be wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use lanyard_fault::Coded;
use lanyard_model::Value;
use lanyard_workflow::{Definition, Instance, Kinds, Position, Stage, WorkflowError};

const ISSUE: &str = include_str!("../../../assets/workflows/issue.bpmn");
const KINDS: Kinds<'static> =
    Kinds { person: &["data", "photo", "preview", "card", "hand_over"], station: &["encode", "certify", "print"] };

fn badge(chip_key: bool) -> BTreeMap<String, Value> {
    let badge = BTreeMap::from([("chip_key".to_owned(), Value::Bool(chip_key))]);
    BTreeMap::from([("badge".to_owned(), Value::Map(badge))])
}

fn walk(chip_key: bool) -> (Vec<String>, String) {
    let definition = Definition::parse(ISSUE, KINDS).unwrap();
    let mut instance = definition.start(badge(chip_key)).unwrap();
    let mut seen = Vec::new();
    loop {
        match definition.position(&instance).unwrap() {
            Position::At(task) => seen.push(task.id.clone()),
            Position::Ended(end) => return (seen, end.to_owned()),
        }
        // A restart after every step.
        let stored = serde_json::to_string(&instance).unwrap();
        instance = serde_json::from_str(&stored).unwrap();
        definition.complete(&mut instance, BTreeMap::new()).unwrap();
    }
}

#[test]
fn a_badge_with_a_chip_key_passes_every_task() {
    let (seen, end) = walk(true);
    assert_eq!(seen, ["data", "photo", "preview", "card", "encode", "certify", "print", "hand_over"]);
    assert_eq!(end, "issued");
}

#[test]
fn a_badge_without_a_chip_key_is_not_certified() {
    let (seen, end) = walk(false);
    assert_eq!(seen, ["data", "photo", "preview", "card", "encode", "print", "hand_over"]);
    assert_eq!(end, "issued");
}

#[test]
fn the_strap_shows_what_is_done_due_and_ahead() {
    let definition = Definition::parse(ISSUE, KINDS).unwrap();
    let mut instance = definition.start(BTreeMap::new()).unwrap();
    definition.complete(&mut instance, BTreeMap::new()).unwrap();
    let strap = |instance: &Instance| {
        let list = definition.tasks_in_order(instance).unwrap();
        list.iter().map(|(stage, task)| format!("{stage:?} {}", task.id)).collect::<Vec<_>>().join(", ")
    };
    let undecided = "Done data, Current photo, Ahead preview, Ahead card, Ahead encode, Ahead certify, Ahead print, Ahead hand_over";
    assert_eq!(strap(&instance), undecided);
    definition.complete(&mut instance, badge(false)).unwrap();
    assert_eq!(
        strap(&instance),
        "Done data, Done photo, Current preview, Ahead card, Ahead encode, Ahead print, Ahead hand_over"
    );
    assert_eq!(definition.tasks_in_order(&instance).unwrap()[1].0, Stage::Done);
}

#[test]
fn a_case_without_an_answer_stays_where_it_is() {
    let definition = Definition::parse(ISSUE, KINDS).unwrap();
    let mut instance = definition.start(BTreeMap::new()).unwrap();
    for _ in 0..4 {
        definition.complete(&mut instance, BTreeMap::new()).unwrap();
    }
    let before = instance.clone();
    let error = definition.complete(&mut instance, BTreeMap::new()).unwrap_err();
    assert_eq!(error.code(), "workflow.condition.undecided");
    assert_eq!(instance, before);
    definition.complete(&mut instance, badge(true)).unwrap();
    assert_eq!(instance.token, "certify");
}

#[test]
fn a_case_is_not_run_on_a_changed_workflow() {
    let old = Definition::parse(ISSUE, KINDS).unwrap();
    let instance = old.start(BTreeMap::new()).unwrap();
    let new = Definition::parse(&ISSUE.replace("Is the person's", "Is this person's"), KINDS).unwrap();
    assert!(matches!(new.position(&instance), Err(WorkflowError::OtherDefinition { .. })));
}

#[test]
fn an_ended_case_completes_nothing_more() {
    let definition = Definition::parse(ISSUE, KINDS).unwrap();
    let mut instance = definition.start(badge(false)).unwrap();
    while let Position::At(_) = definition.complete(&mut instance, BTreeMap::new()).unwrap() {}
    assert_eq!(definition.complete(&mut instance, BTreeMap::new()), Err(WorkflowError::Ended));
}

#[test]
fn the_form_in_the_store_stays() {
    let definition = Definition::parse(ISSUE, KINDS).unwrap();
    let mut instance = definition.start(badge(true)).unwrap();
    instance.definition.version = "00".repeat(32);
    let outcome = BTreeMap::from([
        ("photo".to_owned(), Value::blob([1; 32], 5, "image/jpeg")),
        ("notes".to_owned(), Value::Array(vec![Value::Null, 7.into(), "x".into()])),
    ]);
    instance.variables.extend(outcome);
    instance.passed.push("data".to_owned());
    insta::assert_json_snapshot!(instance);
    let stored = serde_json::to_string(&instance).unwrap();
    assert_eq!(serde_json::from_str::<Instance>(&stored).unwrap(), instance);
}

fn refused(from: &str, to: &str) -> WorkflowError {
    assert!(ISSUE.contains(from), "{from}");
    Definition::parse(&ISSUE.replacen(from, to, 1), KINDS).unwrap_err()
}

#[test]
fn what_is_not_run_is_refused_by_name_id_and_line() {
    let cases = [
        (
            "<bpmn:startEvent id=\"start\">",
            "<bpmn:parallelGateway id=\"fork\"/><bpmn:startEvent id=\"start\">",
            "parallelGateway",
            "fork",
        ),
        (
            "<bpmn:incoming>hand_over_to_issued</bpmn:incoming>",
            "<bpmn:terminateEventDefinition/>",
            "terminateEventDefinition",
            "issued",
        ),
        (
            "<bpmn:outgoing>start_to_data</bpmn:outgoing>",
            "<bpmn:timerEventDefinition id=\"t\"/>",
            "timerEventDefinition",
            "t",
        ),
        (
            "lanyard:kind=\"data\"",
            "lanyard:kind=\"data\" isForCompensation=\"true\"",
            "userTask/@isForCompensation",
            "data",
        ),
        ("lanyard:kind=\"data\"", "lanyard:kind=\"data\" lanyard:skip=\"true\"", "userTask/@skip", "data"),
        ("<lanyard:name lang=\"en\">Photo", "<lanyard:limit/><lanyard:name lang=\"en\">Photo", "limit", "photo"),
        ("<bpmndi:BPMNDiagram", "<bpmn:message id=\"m\"/><bpmndi:BPMNDiagram", "message", "m"),
        (
            "sourceRef=\"photo\" targetRef=\"preview\"",
            "sourceRef=\"data\" targetRef=\"preview\"",
            "sequenceFlow out of a userTask",
            "photo_to_preview",
        ),
        ("targetRef=\"issued\"", "targetRef=\"start\"", "sequenceFlow into a startEvent", "hand_over_to_issued"),
    ];
    for (from, to, named, id_named) in cases {
        match refused(from, to) {
            WorkflowError::Unsupported { element, id, line } => {
                assert_eq!((element.as_str(), id.as_str()), (named, id_named));
                assert!(line > 5, "{element} at line {line}");
            }
            other => panic!("{from}: {other:?}"),
        }
    }
}

#[test]
fn a_workflow_that_could_get_stuck_is_refused() {
    let cases = [
        (" default=\"chip-key_to_print\"", "", "workflow.element.incomplete"),
        ("default=\"chip-key_to_print\"", "default=\"elsewhere\"", "workflow.element.incomplete"),
        ("default=\"chip-key_to_print\"", "default=\"chip-key_to_certify\"", "workflow.element.unsupported"),
        ("badge.chip_key<", "badge.chip_key ==<", "workflow.condition.invalid"),
        (
            "language=\"https://cel.dev\">badge",
            "language=\"http://www.w3.org/1999/XPath\">badge",
            "workflow.element.incomplete",
        ),
        ("targetRef=\"photo\"", "targetRef=\"foto\"", "workflow.element.dangling"),
        ("targetRef=\"photo\"", "targetRef=\"preview\"", "workflow.path.unreachable"),
        (
            "sourceRef=\"hand_over\" targetRef=\"issued\"",
            "sourceRef=\"hand_over\" targetRef=\"data\"",
            "workflow.path.unreachable",
        ),
        ("lanyard:kind=\"encode\"", "lanyard:kind=\"enkode\"", "workflow.task.unknown_kind"),
        ("lanyard:kind=\"photo\"", "lanyard:kind=\"print\"", "workflow.task.unknown_kind"),
        ("lanyard:kind=\"photo\"", "", "workflow.element.incomplete"),
        ("<lanyard:name lang=\"sv\">Foto</lanyard:name>", "", "workflow.element.incomplete"),
        ("<lanyard:name lang=\"sv\">Foto<", "<lanyard:name lang=\"sv\"><", "workflow.element.incomplete"),
        ("<lanyard:name lang=\"sv\">Foto<", "<lanyard:name lang=\"de\">Foto<", "workflow.element.doubled"),
        ("id=\"photo\"", "id=\"data\"", "workflow.element.doubled"),
        ("<bpmn:endEvent", "<bpmn:startEvent id=\"again\"/><bpmn:endEvent", "workflow.element.doubled"),
        ("isExecutable=\"true\"", "", "workflow.element.incomplete"),
        ("<bpmn:definitions", "<!DOCTYPE x [<!ENTITY a \"b\">]><bpmn:definitions", "workflow.file.xml"),
        ("BPMN/20100524/MODEL", "BPMN/20110524/MODEL", "workflow.file.foreign"),
    ];
    for (from, to, code) in cases {
        assert_eq!(refused(from, to).code(), code, "{from} → {to}");
    }
}

#[test]
fn a_round_with_no_way_out_and_a_round_of_gateways_are_refused() {
    let wrap = |body: &str| {
        let names = ["en", "fr", "de", "sv"].map(|lang| format!("<l:name lang=\"{lang}\">x</l:name>")).concat();
        format!(
            "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" xmlns:l=\"urn:lanyard:workflow:1\" \
             expressionLanguage=\"https://cel.dev\"><process id=\"p\" isExecutable=\"true\"><extensionElements>{names}\
             </extensionElements><startEvent id=\"s\"/>{}<endEvent id=\"e\"/></process></definitions>",
            body.replace("NAMES", &format!("<extensionElements>{names}</extensionElements>"))
        )
    };
    let round = wrap(
        "<userTask id=\"a\" l:kind=\"data\">NAMES</userTask><userTask id=\"b\" l:kind=\"data\">NAMES</userTask>\
         <exclusiveGateway id=\"g\" default=\"f2\"/><sequenceFlow id=\"f1\" sourceRef=\"s\" targetRef=\"g\"/>\
         <sequenceFlow id=\"f2\" sourceRef=\"g\" targetRef=\"e\"/><sequenceFlow id=\"f3\" sourceRef=\"g\" targetRef=\"a\">\
         <conditionExpression>x</conditionExpression></sequenceFlow><sequenceFlow id=\"f4\" sourceRef=\"a\" targetRef=\"b\"/>\
         <sequenceFlow id=\"f5\" sourceRef=\"b\" targetRef=\"a\"/>",
    );
    assert!(matches!(Definition::parse(&round, KINDS), Err(WorkflowError::NoEnd { id, .. }) if id == "a"));
    let spin = wrap(
        "<exclusiveGateway id=\"g\" default=\"f2\"/><exclusiveGateway id=\"h\" default=\"f4\"/>\
         <sequenceFlow id=\"f1\" sourceRef=\"s\" targetRef=\"g\"/><sequenceFlow id=\"f2\" sourceRef=\"g\" targetRef=\"e\"/>\
         <sequenceFlow id=\"f3\" sourceRef=\"g\" targetRef=\"h\"><conditionExpression>x</conditionExpression></sequenceFlow>\
         <sequenceFlow id=\"f4\" sourceRef=\"h\" targetRef=\"g\"/>",
    );
    assert!(matches!(Definition::parse(&spin, KINDS), Err(WorkflowError::Spins { .. })));
}

#[test]
fn a_hostile_file_is_refused_and_nothing_breaks() {
    assert!(matches!(Definition::parse(&"x".repeat(2 << 20), KINDS), Err(WorkflowError::TooLarge { .. })));
    assert!(matches!(Definition::parse(&"<a>".repeat(100_000), KINDS), Err(WorkflowError::TooLarge { .. })));
    let deep = format!("{}{}", "<a>".repeat(9_000), "</a>".repeat(9_000));
    assert!(matches!(Definition::parse(&deep, KINDS), Err(WorkflowError::TooLarge { .. })));
    for cut in (0..ISSUE.len()).step_by(97).filter(|cut| ISSUE.is_char_boundary(*cut)) {
        assert!(Definition::parse(&ISSUE[..cut], KINDS).is_err());
    }
}
