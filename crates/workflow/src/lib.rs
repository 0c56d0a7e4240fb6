//! BPMN 2.0, read and interpreted: state in, event in, state out.
