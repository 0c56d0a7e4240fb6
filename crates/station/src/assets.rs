//! What a new office starts with, built in.

pub(crate) const DESIGN_ABOUT: &str = include_str!("../../../assets/designs/employee/design.toml");
pub(crate) const DESIGN_FRONT: &str = include_str!("../../../assets/designs/employee/front.svg");
pub(crate) const DESIGN_BACK: &str = include_str!("../../../assets/designs/employee/back.svg");

/// The first one's family stands for `sans-serif`.
pub(crate) const FONTS: [&[u8]; 4] = [
    include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleNext-Regular.ttf"),
    include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleNext-Bold.ttf"),
    include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleMono-Regular.ttf"),
    include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleMono-Bold.ttf"),
];

pub(crate) const ENCODING: &str = include_str!("../../../assets/encodings/starter.toml");
pub(crate) const WORKFLOW: &str = include_str!("../../../assets/workflows/issue.bpmn");
pub(crate) const SAMPLE_PEOPLE: &[u8] = include_bytes!("../../../assets/people/people.csv");
