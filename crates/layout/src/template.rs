//! `No. {staff_no}`: what a text or a code shows, and `data-if="!title"`: when an element is drawn.

use crate::{Field, Values};

/// Text with fields in braces.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Field(Field),
}

/// Why a template or condition cannot be read.
#[derive(Debug, PartialEq)]
pub(crate) enum TemplateFault {
    Unknown(String),
    Broken,
}

impl Template {
    /// Just the field. A code holds the card number unless told otherwise.
    pub(crate) fn of(field: Field) -> Self {
        Self(vec![Part::Field(if field == Field::Qr { Field::CardNo } else { field })])
    }

    pub(crate) fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateFault::Broken)?;
            if before.contains('}') {
                return Err(TemplateFault::Broken);
            }
            let field = Field::from_name(name.trim()).ok_or_else(|| TemplateFault::Unknown(name.trim().to_owned()))?;
            if matches!(field, Field::Photo | Field::Qr) {
                return Err(TemplateFault::Broken);
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Field(field));
            rest = after;
        }
        if rest.contains('}') {
            return Err(TemplateFault::Broken);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.0.iter().filter_map(|part| match part {
            Part::Field(field) => Some(*field),
            Part::Text(_) => None,
        })
    }

    /// The text, white space made single; `None` when every field in it is empty, so that no bare "No." is printed.
    pub(crate) fn fill(&self, values: &Values) -> Option<String> {
        if self.fields().count() > 0 && self.fields().all(|field| values.text(field).is_empty()) {
            return None;
        }
        let joined: String = self
            .0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Field(field) => values.text(*field),
            })
            .collect();
        // Only what XML and people call a space: a control character must come out as a missing glyph.
        let single =
            joined.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        (!single.is_empty()).then_some(single)
    }
}

/// When an element is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) field: Field,
    wanted: bool,
}

impl Condition {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateFault> {
        let text = text.trim();
        let (wanted, name) = text.strip_prefix('!').map_or((true, text), |name| (false, name.trim()));
        let field = Field::from_name(name).ok_or_else(|| TemplateFault::Unknown(name.to_owned()))?;
        Ok(Self { field, wanted })
    }

    pub(crate) fn holds(self, values: &Values) -> bool {
        values.has(self.field) == self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_not_printed_without_its_value() {
        let template = Template::parse("No. {staff_no}").unwrap();
        assert_eq!(template.fill(&Values::new()), None);
        assert_eq!(template.fill(&Values::new().with(Field::StaffNo, " 104  882 ")).as_deref(), Some("No. 104 882"));
    }

    #[test]
    fn an_unknown_or_broken_field_in_a_template_is_named() {
        assert_eq!(Template::parse("{salary}"), Err(TemplateFault::Unknown("salary".to_owned())));
        for broken in ["{unit", "unit}", "a } {unit}", "{photo}"] {
            assert_eq!(Template::parse(broken), Err(TemplateFault::Broken), "{broken}");
        }
    }

    #[test]
    fn a_condition_can_ask_for_the_absence() {
        let values = Values::new().with(Field::Title, "Dr.");
        assert!(Condition::parse("title").unwrap().holds(&values));
        assert!(!Condition::parse("!title").unwrap().holds(&values));
        assert!(Condition::parse("! unit").unwrap().holds(&values));
    }
}
