//! What each kind of workflow step does: inputs and last outcome in, effects and outcome out.
