//! `design.toml`: what a design is called, and which files it is made of.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::LayoutError;

/// What stands in `design.toml` beside the drawings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Stable name, as workflows and records write it.
    pub id: String,
    /// What people call it, by language (`en`, `fr`, `de`, `sv`).
    pub name: BTreeMap<String, String>,
    /// File of the front, in the same folder.
    pub front: String,
    /// File of the back.
    pub back: String,
}

impl About {
    /// Reads `design.toml`. File names are plain: no folder, no `..`.
    ///
    /// # Errors
    /// [`LayoutError::About`] with the line.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let about: Self = toml::from_str(text).map_err(|error| LayoutError::About {
            line: error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1)),
        })?;
        let plain = |file: &str| !file.is_empty() && !file.contains(['/', '\\', ':']) && !file.starts_with('.');
        if plain(&about.front) && plain(&about.back) { Ok(about) } else { Err(LayoutError::About { line: 0 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_outside_the_designs_folder_is_refused() {
        let toml = |front: &str| format!("id = 'a'\nfront = '{front}'\nback = 'back.svg'\n[name]\nen = 'A'\n");
        assert!(About::parse(&toml("front.svg")).is_ok());
        for outside in ["../front.svg", "/etc/passwd", "a/b.svg", "C:x.svg", ""] {
            assert_eq!(About::parse(&toml(outside)), Err(LayoutError::About { line: 0 }), "{outside}");
        }
        assert_eq!(About::parse("id = 'a'\nfront = 3\n"), Err(LayoutError::About { line: 2 }));
    }
}
