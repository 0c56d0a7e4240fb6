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

/// Name and description; the first is what every house begins with.
pub(crate) const ENCODINGS: [(&str, &str); 6] = [
    ("starter", include_str!("../../../assets/encodings/starter.toml")),
    ("desfire-em", include_str!("../../../assets/encodings/desfire-em.toml")),
    ("ev1", include_str!("../../../assets/encodings/ev1.toml")),
    ("purse", include_str!("../../../assets/encodings/purse.toml")),
    ("rekey", include_str!("../../../assets/encodings/rekey.toml")),
    ("three-applications", include_str!("../../../assets/encodings/three-applications.toml")),
];
pub(crate) const WORKFLOW: &str = include_str!("../../../assets/workflows/issue.bpmn");
pub(crate) const SAMPLE_PEOPLE: &[u8] = include_bytes!("../../../assets/people/people.csv");
