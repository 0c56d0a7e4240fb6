//! Writes a design's drawing anew with one person's values in it, framed to a page in millimetres.
//!
//! Only elements of SVG are written, so what drawing programs keep for themselves stays behind.

use std::fmt::Write;

use resvg::usvg::roxmltree::{Document, Node};
use resvg::usvg::{self, Tree};

use crate::design::{BoxRule, Drawing, Place, Shape, TextRule};
use crate::fit::{Fitted, TooLong, fit};
use crate::qr::Code;
use crate::{Field, Fonts, LayoutProblem, Values, check, tree};

/// The finest module that a 300 dpi print and a telephone's camera agree on: four dots.
const FINEST_MODULE_MM: f32 = 0.33;

/// The mark on what stands for a photo or a code, followed by the element's number; found again in the tree.
pub(crate) const PHOTO_ID: &str = "lanyard-photo-";
pub(crate) const CODE_ID: &str = "lanyard-code-";

/// A drawing with the values in.
pub(crate) struct Filled {
    /// The drawing, as a nested `<svg>` that fills the page.
    pub(crate) inner: String,
    pub(crate) problems: Vec<LayoutProblem>,
    /// The texts that were set: id in the tree, field, characters.
    pub(crate) texts: Vec<(String, Field, usize)>,
}

/// Puts the values in.
pub(crate) fn fill(drawing: &Drawing, values: &Values, fonts: &Fonts) -> Filled {
    let mut writer = Writer {
        drawing,
        values,
        fonts,
        out: String::with_capacity(drawing.svg.len() * 2),
        problems: Vec::new(),
        texts: Vec::new(),
    };
    match check::read(drawing.side, &drawing.svg) {
        Ok(doc) => writer.root(&doc),
        // It was read once, when the design was parsed.
        Err(_) => writer.problems.push(LayoutProblem::Unreadable { side: drawing.side }),
    }
    Filled { inner: writer.out, problems: writer.problems, texts: writer.texts }
}

struct Writer<'a> {
    drawing: &'a Drawing,
    values: &'a Values,
    fonts: &'a Fonts,
    out: String,
    problems: Vec<LayoutProblem>,
    texts: Vec<(String, Field, usize)>,
}

impl Writer<'_> {
    fn root(&mut self, doc: &Document) {
        let root = doc.root_element();
        open_root(&mut self.out, root, self.drawing);
        for child in root.children() {
            self.node(child);
        }
        self.out.push_str("</svg>");
    }

    fn node(&mut self, node: Node) {
        if node.is_text() {
            escape(&mut self.out, node.text().unwrap_or_default());
            if node.ancestors().any(|a| a.has_tag_name((check::SVG, "text"))) {
                self.glyphs(None, node.text().unwrap_or_default());
            }
            return;
        }
        if node.tag_name().namespace() != Some(check::SVG) {
            return;
        }
        let number = node.id().get();
        if self.drawing.conditions.get(&number).is_some_and(|condition| !condition.holds(self.values)) {
            return;
        }
        if let Some(place) = self.drawing.places.get(&number) {
            match &place.shape {
                Shape::Text(rule) => self.text(node, place, rule),
                Shape::Box(rule) if place.field == Field::Photo => self.photo(node, rule),
                Shape::Box(rule) => self.code(node, place, rule),
            }
            return;
        }
        let name = node.tag_name().name();
        let _ = write!(self.out, "<{name}");
        attributes(&mut self.out, node, &[]);
        self.out.push('>');
        for child in node.children() {
            self.node(child);
        }
        let _ = write!(self.out, "</{name}>");
    }

    fn text(&mut self, node: Node, place: &Place, rule: &TextRule) {
        let Some(text) = place.template.fill(self.values) else { return };
        let length = text.chars().count();
        if !self.glyphs(Some(place.field), &text) {
            return;
        }
        let mut anchor = (0.0, 0.0);
        let mut font_size = 0.0;
        let fitted = fit(&text, rule, |line| {
            let measured = measure(self.drawing, self.fonts, node, line);
            (anchor, font_size) = measured.map_or((anchor, font_size), |m| (m.anchor, m.font_size));
            measured.map_or(0.0, |m| m.width)
        });
        match fitted {
            Ok(fitted) => {
                let id =
                    node.attribute("id").map_or_else(|| format!("lanyard-text-{}", node.id().get()), str::to_owned);
                let leading = font_size * rule.leading;
                write_text(&mut self.out, node, &id, &fitted, anchor, leading);
                self.texts.push((id, place.field, length));
            }
            Err(TooLong { percent }) => self.problems.push(LayoutProblem::DoesNotFit {
                side: self.drawing.side,
                field: place.field,
                length,
                percent,
            }),
        }
    }

    /// Notes every character that no font can draw, once; `true` if there is none.
    fn glyphs(&mut self, field: Option<Field>, text: &str) -> bool {
        let side = self.drawing.side;
        let mut all = true;
        for glyph in text.chars() {
            if matches!(glyph, ' ' | '\n' | '\t' | '\r') || self.fonts.covers(glyph) {
                continue;
            }
            all = false;
            let problem = LayoutProblem::GlyphMissing { side, field, glyph };
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        all
    }

    fn photo(&mut self, node: Node, rule: &BoxRule) {
        if self.values.photo().is_none() {
            self.problems.push(LayoutProblem::Missing { side: self.drawing.side, field: Field::Photo });
            return;
        }
        let number = node.id().get();
        let BoxRule { x, y, width, height, radius } = rule;
        let frame = format!(r#"x="{x}" y="{y}" width="{width}" height="{height}""#);
        let _ = write!(
            self.out,
            r##"<clipPath id="lanyard-clip-{number}"><rect {frame} rx="{radius}"/></clipPath><g id="{PHOTO_ID}{number}" {}><g clip-path="url(#lanyard-clip-{number})"><image {frame} preserveAspectRatio="xMidYMid slice" href="{}"/></g></g>"##,
            transform(node),
            tree::PHOTO_HREF
        );
    }

    fn code(&mut self, node: Node, place: &Place, rule: &BoxRule) {
        let side = self.drawing.side;
        let Some(text) = place.template.fill(self.values) else {
            self.problems.push(LayoutProblem::Missing { side, field: Field::Qr });
            return;
        };
        let unit_mm = self.drawing.orientation.size_mm().0 / self.drawing.view_box[2];
        let code = Code::of(&text)
            .filter(|code| rule.width.min(rule.height) * unit_mm / code.modules() as f32 >= FINEST_MODULE_MM);
        let Some(code) = code else {
            self.problems.push(LayoutProblem::CodeTooFine { side, length: text.chars().count() });
            return;
        };
        let attributes = format!(r#"id="{CODE_ID}{}" {}"#, node.id().get(), transform(node));
        self.out.push_str(&code.svg(rule, &attributes));
    }
}

#[derive(Clone, Copy)]
struct Measured {
    width: f32,
    anchor: (f32, f32),
    font_size: f32,
}

/// How wide a line would be, by drawing it alone: the same element with its ancestors and the style sheets.
fn measure(drawing: &Drawing, fonts: &Fonts, element: Node, line: &str) -> Option<Measured> {
    let mut svg = page_start(drawing);
    let doc = element.document();
    let root = doc.root_element();
    let chain: Vec<Node> = element.ancestors().skip(1).filter(|n| n.is_element() && *n != root).collect();
    open_root(&mut svg, root, drawing);
    for sheet in doc.descendants().filter(|n| n.has_tag_name((check::SVG, "style"))) {
        svg.push_str("<style>");
        escape(&mut svg, &sheet.descendants().filter_map(|n| n.text().filter(|_| n.is_text())).collect::<String>());
        svg.push_str("</style>");
    }
    for node in chain.iter().rev() {
        let _ = write!(svg, "<{}", node.tag_name().name());
        // What keeps a group from being seen would keep its text from being measured.
        attributes(&mut svg, *node, &["opacity", "display", "visibility", "mask", "clip-path", "filter"]);
        svg.push('>');
    }
    let alone = Fitted { lines: vec![line.to_owned()], scale: 1.0 };
    write_text(&mut svg, element, "lanyard-measured", &alone, (0.0, 0.0), 0.0);
    for node in &chain {
        let _ = write!(svg, "</{}>", node.tag_name().name());
    }
    svg.push_str("</svg></svg>");
    let (tree, _) = tree::parse(&svg, Some(fonts), None)?;
    let text = first_text(tree.root())?;
    let chunk = text.chunks().first()?;
    Some(Measured {
        width: text.bounding_box().width(),
        anchor: (chunk.x().unwrap_or(0.0), chunk.y().unwrap_or(0.0)),
        font_size: chunk.spans().first()?.font_size().get(),
    })
}

fn first_text(group: &usvg::Group) -> Option<&usvg::Text> {
    group.children().iter().find_map(|node| match node {
        usvg::Node::Text(text) => Some(text.as_ref()),
        usvg::Node::Group(inner) => first_text(inner),
        _ => None,
    })
}

/// The page that every filled drawing stands on: the card, in millimetres.
pub(crate) fn page_start(drawing: &Drawing) -> String {
    let (width, height) = drawing.orientation.size_mm();
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#
    )
}

fn open_root(out: &mut String, root: Node, drawing: &Drawing) {
    let (width, height) = drawing.orientation.size_mm();
    let [x, y, w, h] = drawing.view_box;
    let _ = write!(
        out,
        r#"<svg x="0" y="0" width="{width}" height="{height}" viewBox="{x} {y} {w} {h}" preserveAspectRatio="none" overflow="visible""#
    );
    let set = ["x", "y", "width", "height", "viewBox", "preserveAspectRatio", "overflow", "version"];
    attributes(out, root, &set);
    out.push('>');
}

/// The element with the lines in it. Of what it held, the first chain of `tspan`s keeps its attributes (drawing programs
/// put the place and the style there).
fn write_text(out: &mut String, node: Node, id: &str, fitted: &Fitted, anchor: (f32, f32), leading: f32) {
    let (x, y) = anchor;
    out.push_str("<text");
    attributes(out, node, &["id", "transform", "textLength", "lengthAdjust"]);
    let _ = write!(out, r#" id="{}" transform=""#, escaped(id));
    escape(out, node.attribute("transform").unwrap_or_default());
    if fitted.scale < 1.0 {
        let scale = fitted.scale;
        let _ = write!(out, " translate({x} {y}) scale({scale}) translate({} {})", -x, -y);
    }
    out.push_str("\">");
    let mut depth = 0;
    let mut inner = node;
    while let Some(span) = inner.children().find(|n| n.has_tag_name((check::SVG, "tspan"))) {
        out.push_str("<tspan");
        attributes(out, span, &["textLength", "lengthAdjust"]);
        out.push('>');
        depth += 1;
        inner = span;
    }
    for (index, line) in fitted.lines.iter().enumerate() {
        if index > 0 {
            let _ = write!(out, r#"<tspan x="{x}" y="{}">"#, y + leading * index as f32);
        }
        escape(out, line);
        if index > 0 {
            out.push_str("</tspan>");
        }
    }
    out.push_str(&"</tspan>".repeat(depth));
    out.push_str("</text>");
}

fn transform(node: Node) -> String {
    node.attribute("transform").map(|t| format!(r#"transform="{}""#, escaped(t))).unwrap_or_default()
}

fn attributes(out: &mut String, node: Node, without: &[&str]) {
    for attribute in node.attributes() {
        let name = attribute.name();
        let written = match attribute.namespace() {
            None if without.contains(&name) || name.starts_with("data-") => continue,
            None => name.to_owned(),
            Some("http://www.w3.org/1999/xlink") if name == "href" => name.to_owned(),
            Some("http://www.w3.org/XML/1998/namespace") => format!("xml:{name}"),
            Some(_) => continue,
        };
        let _ = write!(out, r#" {written}=""#);
        escape(out, attribute.value());
        out.push('"');
    }
}

pub(crate) fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // In an attribute a bare one would come back as a space.
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    escape(&mut out, text);
    out
}

/// The texts of a finished tree that stick out of the page: a text without `data-fit` may use the whole card, no more.
pub(crate) fn outside(tree: &Tree, filled: &Filled, drawing: &Drawing) -> Vec<LayoutProblem> {
    let (width, height) = drawing.orientation.size_mm();
    let mut problems = Vec::new();
    for (id, field, length) in &filled.texts {
        let Some(node) = tree.node_by_id(id) else { continue };
        let ink = node.abs_bounding_box();
        let out = (-ink.left()).max(ink.right() - width).max(-ink.top()).max(ink.bottom() - height);
        if out > 0.1 {
            let percent = (100.0 * (ink.width().max(1.0) + out) / ink.width().max(1.0)).ceil().clamp(101.0, 1000.0);
            problems.push(LayoutProblem::DoesNotFit {
                side: drawing.side,
                field: *field,
                length: *length,
                percent: percent as u32,
            });
        }
    }
    problems
}
