//! A design: two checked drawings, and what in them stands for what.

use std::collections::{BTreeMap, BTreeSet};

use resvg::usvg::roxmltree::{Document, Node};

use crate::template::{Condition, Template, TemplateFault};
use crate::{CARD_LONG_MM, CARD_SHORT_MM, Field, LayoutError, Side, check, tree};

/// How much the proportions of a drawing may differ from a card's. Bleed is not drawn: card printers cut nothing.
const PROPORTION_TOLERANCE: f32 = 0.01;
/// The smallest a text may shrink to unless the design says otherwise.
const SMALLEST: f32 = 0.75;
const MAX_LINES: usize = 6;

/// Which way a side is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// 85.60 × 53.98 mm.
    Landscape,
    /// 53.98 × 85.60 mm.
    Portrait,
}

impl Orientation {
    /// Width and height in millimetres.
    #[must_use]
    pub fn size_mm(self) -> (f32, f32) {
        match self {
            Self::Landscape => (CARD_LONG_MM, CARD_SHORT_MM),
            Self::Portrait => (CARD_SHORT_MM, CARD_LONG_MM),
        }
    }
}

/// A card design, front and back, checked.
#[derive(Clone, Debug)]
pub struct Design {
    front: Drawing,
    back: Drawing,
}

/// One side.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    pub(crate) side: Side,
    pub(crate) svg: String,
    pub(crate) orientation: Orientation,
    /// x, y, width, height in the design's own units.
    pub(crate) view_box: [f32; 4],
    /// By the number of the element in the document.
    pub(crate) places: BTreeMap<u32, Place>,
    pub(crate) conditions: BTreeMap<u32, Condition>,
}

/// An element that stands for a field.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) field: Field,
    pub(crate) template: Template,
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Text(TextRule),
    Box(BoxRule),
}

/// How a text may give way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextRule {
    /// Widest, in the design's own units.
    pub(crate) fit: Option<f32>,
    /// Smallest size, as a part of the drawn one.
    pub(crate) smallest: f32,
    pub(crate) lines: usize,
    /// Distance of lines, in sizes of the font.
    pub(crate) leading: f32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct BoxRule {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) radius: f32,
}

impl Design {
    /// Takes in the two sides of a design.
    ///
    /// # Errors
    /// See [`LayoutError`]: each names the side and the thing.
    pub fn parse(front_svg: &str, back_svg: &str) -> Result<Self, LayoutError> {
        Ok(Self { front: Drawing::parse(Side::Front, front_svg)?, back: Drawing::parse(Side::Back, back_svg)? })
    }

    /// Every field that either side shows or asks about.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<Field> {
        let mut fields = BTreeSet::new();
        for drawing in [&self.front, &self.back] {
            for place in drawing.places.values() {
                if matches!(place.field, Field::Photo | Field::Qr) {
                    fields.insert(place.field);
                }
                if place.field != Field::Photo {
                    fields.extend(place.template.fields());
                }
            }
            fields.extend(drawing.conditions.values().map(|condition| condition.field));
        }
        fields
    }

    /// Width by height of the photo's place, if the design has one: what a portrait is framed to.
    #[must_use]
    pub fn photo_ratio(&self) -> Option<f32> {
        [&self.front, &self.back].into_iter().flat_map(|drawing| drawing.places.values()).find_map(|place| match place
            .shape
        {
            Shape::Box(rule) if place.field == Field::Photo => Some(rule.width / rule.height),
            _ => None,
        })
    }

    /// Which way a side is held.
    #[must_use]
    pub fn orientation(&self, side: Side) -> Orientation {
        self.drawing(side).orientation
    }

    pub(crate) fn drawing(&self, side: Side) -> &Drawing {
        match side {
            Side::Front => &self.front,
            Side::Back => &self.back,
        }
    }
}

impl Drawing {
    fn parse(side: Side, svg: &str) -> Result<Self, LayoutError> {
        let doc = check::read(side, svg)?;
        let (_, notes) = tree::parse(svg, None, None).ok_or(LayoutError::NotSvg { side, line: 0 })?;
        if notes.bad_picture {
            return Err(LayoutError::Picture { side });
        }
        if notes.pixels > tree::MAX_PIXELS {
            return Err(LayoutError::TooComplex { side, what: "pixels", limit: tree::MAX_PIXELS as usize });
        }
        let view_box = view_box(&doc);
        let [_, _, width, height] = view_box;
        let orientation = proportions(width, height).ok_or(LayoutError::Proportions { side, width, height })?;
        let mut places = BTreeMap::new();
        let mut conditions = BTreeMap::new();
        for node in doc.root_element().descendants().filter(Node::is_element) {
            if let Some(place) = place(side, node)? {
                places.insert(node.id().get(), place);
            }
            if let Some(text) = node.attribute("data-if") {
                let condition =
                    Condition::parse(text).map_err(|fault| unreadable(side, Field::Qr, "data-if", fault))?;
                conditions.insert(node.id().get(), condition);
            }
        }
        Ok(Self { side, svg: svg.to_owned(), orientation, view_box, places, conditions })
    }
}

fn unreadable(side: Side, field: Field, attribute: &'static str, fault: TemplateFault) -> LayoutError {
    match fault {
        TemplateFault::Unknown(field) => LayoutError::UnknownField { side, field },
        TemplateFault::Broken => LayoutError::Attribute { side, field, attribute },
    }
}

/// The field an element stands for: by `data-field`, or by `id="field-…"` for programs that drop what they do not know.
fn field_name(node: Node) -> Option<String> {
    if let Some(name) = node.attribute("data-field") {
        return Some(name.trim().to_owned());
    }
    let id = node.attribute("id")?.strip_prefix("field-")?;
    // Illustrator writes `_` in an id as `_x5F_`, and numbers a second `field-unit` as `field-unit-2`.
    let name = id.replace("_x5F_", "_").replace("_x5f_", "_");
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_']);
    Some(if Field::from_name(bare).is_some() { bare.to_owned() } else { name })
}

fn place(side: Side, node: Node) -> Result<Option<Place>, LayoutError> {
    let Some(name) = field_name(node) else { return Ok(None) };
    let field = Field::from_name(&name).ok_or(LayoutError::UnknownField { side, field: name })?;
    let element = node.tag_name().name();
    let boxed = matches!(field, Field::Photo | Field::Qr);
    let fitting = if boxed { matches!(element, "rect" | "image") } else { element == "text" };
    if !fitting {
        let wanted = if boxed { "rect" } else { "text" };
        return Err(LayoutError::WrongElement { side, field, element: element.to_owned(), wanted });
    }
    let template = match node.attribute("data-value") {
        Some(text) => Template::parse(text).map_err(|fault| unreadable(side, field, "data-value", fault))?,
        None => Template::of(field),
    };
    let shape =
        if boxed { Shape::Box(box_rule(side, field, node)?) } else { Shape::Text(text_rule(side, field, node)?) };
    Ok(Some(Place { field, template, shape }))
}

fn text_rule(side: Side, field: Field, node: Node) -> Result<TextRule, LayoutError> {
    let read = |attribute: &'static str, lowest: f32, highest: f32| match node.attribute(attribute) {
        None => Ok(None),
        Some(text) => number(text).filter(|n| (lowest..=highest).contains(n)).map(Some).ok_or(LayoutError::Attribute {
            side,
            field,
            attribute,
        }),
    };
    let lines = read("data-lines", 1.0, MAX_LINES as f32)?.unwrap_or(1.0);
    let fit = read("data-fit", f32::MIN_POSITIVE, 1e6)?;
    if lines > 1.0 && fit.is_none() {
        return Err(LayoutError::Attribute { side, field, attribute: "data-fit" });
    }
    Ok(TextRule {
        fit,
        smallest: read("data-smallest", 10.0, 100.0)?.map_or(SMALLEST, |percent| percent / 100.0),
        lines: lines as usize,
        leading: read("data-leading", 0.5, 5.0)?.unwrap_or(1.2),
    })
}

fn box_rule(side: Side, field: Field, node: Node) -> Result<BoxRule, LayoutError> {
    let read = |attribute: &'static str, default: Option<f32>| match node.attribute(attribute) {
        None => default.ok_or(LayoutError::Attribute { side, field, attribute }),
        Some(text) => number(text).ok_or(LayoutError::Attribute { side, field, attribute }),
    };
    let rule = BoxRule {
        x: read("x", Some(0.0))?,
        y: read("y", Some(0.0))?,
        width: read("width", None)?,
        height: read("height", None)?,
        radius: read("rx", Some(0.0))?.max(0.0),
    };
    for (value, attribute) in [(rule.width, "width"), (rule.height, "height")] {
        if value <= 0.0 {
            return Err(LayoutError::Attribute { side, field, attribute });
        }
    }
    Ok(rule)
}

fn number(text: &str) -> Option<f32> {
    let text = text.trim().trim_end_matches("px").trim_end_matches('%');
    text.parse::<f32>().ok().filter(|n| n.is_finite() && n.abs() < 1e6)
}

fn view_box(doc: &Document) -> [f32; 4] {
    let root = doc.root_element();
    let numbers = |text: &str| -> Option<[f32; 4]> {
        let all: Vec<f32> =
            text.split([' ', ',', '\t', '\n', '\r']).filter(|s| !s.is_empty()).map(number).collect::<Option<_>>()?;
        all.try_into().ok()
    };
    if let Some(found) = root.attribute("viewBox").and_then(numbers) {
        return found;
    }
    // Without a view box a unit is a CSS pixel, 96 to the inch.
    let length = |name| {
        let text = root.attribute(name).unwrap_or_default().trim();
        let (digits, unit) =
            text.split_at(text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len()));
        let scale = match unit {
            "" | "px" => 1.0,
            "mm" => 96.0 / 25.4,
            "cm" => 96.0 / 2.54,
            "in" => 96.0,
            "pt" => 96.0 / 72.0,
            _ => return 0.0,
        };
        number(digits).unwrap_or(0.0) * scale
    };
    [0.0, 0.0, length("width"), length("height")]
}

fn proportions(width: f32, height: f32) -> Option<Orientation> {
    if !(width > 0.0 && height > 0.0) {
        return None;
    }
    let near = |wanted: f32| ((width / height) / wanted - 1.0).abs() <= PROPORTION_TOLERANCE;
    if near(CARD_LONG_MM / CARD_SHORT_MM) {
        Some(Orientation::Landscape)
    } else if near(CARD_SHORT_MM / CARD_LONG_MM) {
        Some(Orientation::Portrait)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use lanyard_fault::Coded;

    use super::*;

    const EMPTY: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 856 539.8"/>"#;

    fn front(inner: &str) -> Result<Design, LayoutError> {
        Design::parse(
            &format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 856 539.8">{inner}</svg>"#),
            EMPTY,
        )
    }

    #[test]
    fn an_unknown_field_is_refused_by_name_with_the_known_ones() {
        for inner in [
            r#"<text data-field="salary">x</text>"#,
            r#"<text id="field-salary">x</text>"#,
            r#"<text data-field="unit" data-value="{unit} {salary}">x</text>"#,
            r#"<g data-if="!salary"/>"#,
        ] {
            let error = front(inner).unwrap_err();
            assert_eq!(error, LayoutError::UnknownField { side: Side::Front, field: "salary".to_owned() }, "{inner}");
            let known = error.details().into_iter().find(|(name, _)| *name == "known").unwrap().1;
            assert!(Field::ALL.iter().all(|field| known.contains(field.name())));
        }
    }

    #[test]
    fn a_field_on_an_element_that_cannot_show_it_is_refused() {
        assert!(matches!(front(r#"<rect data-field="unit"/>"#), Err(LayoutError::WrongElement { wanted: "text", .. })));
        assert!(matches!(front(r#"<text data-field="qr"/>"#), Err(LayoutError::WrongElement { wanted: "rect", .. })));
        for (inner, wrong) in [
            (r#"<rect data-field="photo" width="0" height="3"/>"#, "width"),
            (r#"<rect data-field="photo" width="9"/>"#, "height"),
            (r#"<text data-field="unit" data-fit="wide"/>"#, "data-fit"),
            (r#"<text data-field="unit" data-lines="2"/>"#, "data-fit"),
            (r#"<text data-field="unit" data-lines="99" data-fit="3"/>"#, "data-lines"),
            (r#"<text data-field="unit" data-value="{unit"/>"#, "data-value"),
        ] {
            assert!(
                matches!(front(inner), Err(LayoutError::Attribute { attribute, .. }) if attribute == wrong),
                "{inner}"
            );
        }
    }

    #[test]
    fn the_proportions_of_a_card_are_asked_for_either_way_round() {
        let sized = |attributes: &str| {
            Design::parse(&format!(r#"<svg xmlns="http://www.w3.org/2000/svg" {attributes}/>"#), EMPTY)
        };
        assert_eq!(sized(r#"viewBox="0 0 540 856""#).unwrap().orientation(Side::Front), Orientation::Portrait);
        assert_eq!(
            sized(r#"width="85.6mm" height="53.98mm""#).unwrap().orientation(Side::Front),
            Orientation::Landscape
        );
        for wrong in [r#"viewBox="0 0 210 297""#, r#"width="100%" height="100%""#, "", r#"viewBox="0 0 0 0""#] {
            assert!(matches!(sized(wrong), Err(LayoutError::Proportions { .. })), "{wrong}");
        }
    }

    #[test]
    fn fields_come_from_places_templates_and_conditions() {
        let design = front(
            r#"<text id="field-display_x5F_name">x</text><text id="field-unit-2">x</text>
               <rect data-field="photo" width="30" height="40"/><rect id="field-qr" width="30" height="30"/>
               <text data-field="title" data-value="{title} {valid_until}">x</text><g data-if="organisation"/>"#,
        )
        .unwrap();
        let names: Vec<_> = design.fields().into_iter().map(Field::name).collect();
        assert_eq!(names, ["display_name", "unit", "title", "card_no", "organisation", "valid_until", "photo", "qr"]);
        assert_eq!(design.photo_ratio(), Some(0.75));
    }

    #[test]
    fn an_embedded_picture_that_would_unpack_to_gigabytes_is_refused() {
        // A PNG header that claims 60,000 × 60,000 pixels.
        let huge = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA6mAAAOpgCAIAAAAm2M5OAAAAAElEQVQ=";
        let error = front(&format!(r#"<image width="9" height="9" href="{huge}"/>"#)).unwrap_err();
        assert!(
            matches!(error, LayoutError::TooComplex { what: "pixels", .. } | LayoutError::Picture { .. }),
            "{error}"
        );
    }
}
