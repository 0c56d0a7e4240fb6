//! Refuses a drawing that could reach outside, run something, or never end, before any other part reads it.
//!
//! What is counted: bytes, depth, elements, and the elements that references (`use`, `url(#…)`) multiply into. Only
//! what passes here is handed to the SVG library.

use std::collections::{BTreeMap, BTreeSet};

use resvg::usvg::roxmltree::{Document, Error, Node, ParsingOptions};

use crate::{LayoutError, Side};

const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 48;
const MAX_ELEMENTS: usize = 20_000;
/// Elements after every reference was followed. What is drawn through a layer of its own counts for many.
const MAX_EXPANDED: u64 = 100_000;
const LAYER_WEIGHT: u64 = 100;

pub(crate) const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// Reads a drawing that has passed every check.
pub(crate) fn read(side: Side, svg: &str) -> Result<Document<'_>, LayoutError> {
    if svg.len() > MAX_BYTES {
        return Err(LayoutError::TooLarge { side, bytes: svg.len(), limit: MAX_BYTES });
    }
    if svg.contains("<!ENTITY") {
        return Err(LayoutError::Entities { side });
    }
    depth_of_tags(side, svg)?;
    let options = ParsingOptions { allow_dtd: true, nodes_limit: 200_000, ..ParsingOptions::default() };
    let doc = Document::parse_with_options(svg, options).map_err(|error| match error {
        Error::NodesLimitReached => LayoutError::TooComplex { side, what: "elements", limit: MAX_ELEMENTS },
        other => LayoutError::NotSvg { side, line: other.pos().row },
    })?;
    if !doc.root_element().has_tag_name((SVG, "svg")) {
        return Err(LayoutError::NotSvg { side, line: 1 });
    }
    contents(side, &doc)?;
    expansion(side, &doc)?;
    Ok(doc)
}

/// A look at the tags alone, ahead of the parser: nesting that deep would be a matter of its stack. Comments and CDATA
/// can only make this count too high, and a drawing with 48 unclosed tags in a comment is none to be missed.
fn depth_of_tags(side: Side, svg: &str) -> Result<(), LayoutError> {
    let bytes = svg.as_bytes();
    let mut depth = 0usize;
    for (at, _) in svg.match_indices('<') {
        match bytes.get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                let end = svg[at..].find('>').map_or(svg.len(), |n| at + n);
                if !svg[at..end].ends_with('/') {
                    depth += 1;
                }
            }
        }
        // Attribute values may hold '>' and fool the look for '/>': twice the limit here, the exact count later.
        if depth > 2 * MAX_DEPTH {
            return Err(LayoutError::TooComplex { side, what: "depth", limit: MAX_DEPTH });
        }
    }
    Ok(())
}

fn contents(side: Side, doc: &Document) -> Result<(), LayoutError> {
    let mut elements = 0;
    for node in doc.descendants() {
        if let Some(pi) = node.pi() {
            if pi.target == "xml-stylesheet" {
                return Err(LayoutError::External { side, element: "?xml-stylesheet".to_owned() });
            }
            continue;
        }
        if !node.is_element() {
            continue;
        }
        elements += 1;
        if elements > MAX_ELEMENTS {
            return Err(LayoutError::TooComplex { side, what: "elements", limit: MAX_ELEMENTS });
        }
        if node.ancestors().take(MAX_DEPTH + 2).count() > MAX_DEPTH + 1 {
            return Err(LayoutError::TooComplex { side, what: "depth", limit: MAX_DEPTH });
        }
        element(side, node)?;
    }
    Ok(())
}

fn element(side: Side, node: Node) -> Result<(), LayoutError> {
    let name = node.tag_name().name();
    let named = || name.to_owned();
    if matches!(name, "script" | "foreignObject" | "iframe" | "handler" | "listener" | "audio" | "video") {
        return Err(LayoutError::Active { side, element: named() });
    }
    if name == "style" && css_reaches_out(&text_of(node)) {
        return Err(LayoutError::External { side, element: named() });
    }
    for attribute in node.attributes() {
        let value = attribute.value().trim();
        let own = attribute.namespace().is_none();
        if own && attribute.name().get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on")) {
            return Err(LayoutError::Active { side, element: named() });
        }
        let is_href = attribute.name() == "href" && (own || attribute.namespace() == Some(XLINK));
        if is_href {
            let inside = value.is_empty() || value.starts_with('#');
            let picture =
                name == "image" && (value.starts_with("data:image/png") || value.starts_with("data:image/jp"));
            if !inside && !picture {
                return Err(LayoutError::External { side, element: named() });
            }
        } else if own && (name != "style" && css_reaches_out(value)) {
            return Err(LayoutError::External { side, element: named() });
        }
    }
    Ok(())
}

/// `@import`, `@font-face`, or a `url(…)` that is not a reference within the file.
fn css_reaches_out(css: &str) -> bool {
    let lower = css.to_ascii_lowercase();
    lower.contains("@import")
        || lower.contains("@font-face")
        || lower
            .match_indices("url(")
            .any(|(at, found)| !lower[at + found.len()..].trim_start_matches([' ', '"', '\'']).starts_with('#'))
}

fn text_of(node: Node) -> String {
    node.descendants().filter(Node::is_text).filter_map(|n| n.text()).collect()
}

/// Follows references and counts what would be drawn: eleven elements that each use the next one ten times are a
/// drawing of ten thousand million.
fn expansion(side: Side, doc: &Document) -> Result<(), LayoutError> {
    let by_id: BTreeMap<&str, Node> =
        doc.descendants().filter(Node::is_element).filter_map(|n| Some((n.attribute("id")?, n))).collect();
    // A rule in a style sheet may put its references on any element: taken to be on every one.
    let from_sheets: BTreeSet<String> =
        doc.descendants().filter(|n| n.has_tag_name((SVG, "style"))).flat_map(|n| references(&text_of(n))).collect();
    let mut known = BTreeMap::new();
    let mut open = BTreeSet::new();
    let weight = weigh(doc.root_element(), &by_id, &from_sheets, &mut known, &mut open, 0);
    if weight > MAX_EXPANDED {
        return Err(LayoutError::TooComplex { side, what: "references", limit: MAX_EXPANDED as usize });
    }
    Ok(())
}

fn weigh<'a>(
    node: Node<'a, 'a>,
    by_id: &BTreeMap<&str, Node<'a, 'a>>,
    from_sheets: &BTreeSet<String>,
    known: &mut BTreeMap<u32, u64>,
    open: &mut BTreeSet<u32>,
    depth: usize,
) -> u64 {
    let key = node.id().get();
    if let Some(weight) = known.get(&key) {
        return *weight;
    }
    // A chain of references deeper than any drawing program makes; a ring is cut by the SVG library itself.
    if depth > 4 * MAX_DEPTH {
        return MAX_EXPANDED + 1;
    }
    if !open.insert(key) {
        return 0;
    }
    let name = node.tag_name().name();
    let mut weight = match name {
        "filter" | "mask" | "pattern" => LAYER_WEIGHT,
        _ => 1,
    };
    for child in node.children().filter(Node::is_element) {
        weight = weight.saturating_add(weigh(child, by_id, from_sheets, known, open, depth + 1));
    }
    let mut targets = BTreeSet::new();
    for attribute in node.attributes() {
        if attribute.name() == "href" {
            targets.extend(attribute.value().trim().strip_prefix('#').map(str::to_owned));
        } else {
            targets.extend(references(attribute.value()));
        }
    }
    if !matches!(name, "svg" | "defs" | "style" | "stop") {
        targets.extend(from_sheets.iter().cloned());
    }
    for target in targets {
        if let Some(found) = by_id.get(target.as_str()) {
            weight = weight.saturating_add(weigh(*found, by_id, from_sheets, known, open, depth + 1));
        }
    }
    open.remove(&key);
    known.insert(key, weight);
    weight
}

fn references(css: &str) -> Vec<String> {
    css.match_indices("url(")
        .filter_map(|(at, found)| {
            let inner = css[at + found.len()..].trim_start_matches([' ', '"', '\'']).strip_prefix('#')?;
            Some(inner.split([')', '"', '\'', ' ']).next()?.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(inner: &str) -> LayoutError {
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 856 539.8">{inner}</svg>"#
        );
        read(Side::Front, &svg).err().unwrap()
    }

    #[test]
    fn what_is_no_svg_is_refused_with_its_line() {
        for text in ["", "hello", "<html/>", "{\"a\":1}", "\u{0}\u{1}"] {
            assert!(matches!(read(Side::Back, text), Err(LayoutError::NotSvg { side: Side::Back, .. })), "{text:?}");
        }
        let broken = "<svg xmlns='http://www.w3.org/2000/svg'>\n<g>\n</svg>";
        assert_eq!(read(Side::Front, broken).err(), Some(LayoutError::NotSvg { side: Side::Front, line: 3 }));
    }

    #[test]
    fn a_drawing_that_reaches_for_a_file_or_the_network_is_refused() {
        for inner in [
            r#"<image href="http://example.org/a.png"/>"#,
            r#"<image xlink:href="file:///etc/passwd"/>"#,
            r#"<image href="../logo.png"/>"#,
            r#"<image href="data:image/svg+xml;base64,AAAA"/>"#,
            r#"<use href="other.svg#a"/>"#,
            r#"<a href="https://example.org"><text>x</text></a>"#,
            r#"<style>@import "a.css";</style>"#,
            r#"<style>@font-face { font-family: x; src: local(x) }</style>"#,
            r#"<style><![CDATA[rect { fill: URL( "http://x/#a" ) }]]></style>"#,
            r#"<rect fill="url(a.svg#g)"/>"#,
            r#"<rect style="fill:url('file:///a#g')"/>"#,
        ] {
            assert!(matches!(fault(inner), LayoutError::External { .. }), "{inner}");
        }
    }

    #[test]
    fn scripts_handlers_and_foreign_documents_are_refused() {
        for inner in ["<script>1</script>", "<foreignObject/>", r#"<rect onclick="x()"/>"#, r#"<g OnLoad="x"/>"#] {
            assert!(matches!(fault(inner), LayoutError::Active { .. }), "{inner}");
        }
    }

    #[test]
    fn entities_are_refused_before_the_parser_sees_them() {
        let bomb = r#"<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>"#;
        assert_eq!(read(Side::Front, bomb).err(), Some(LayoutError::Entities { side: Side::Front }));
    }

    #[test]
    fn a_drawing_that_multiplies_by_reference_is_refused() {
        let mut bomb = String::from(r#"<g id="a0"><rect width="1" height="1"/></g>"#);
        for i in 1..12 {
            let uses = format!(r##"<use href="#a{}"/>"##, i - 1).repeat(10);
            bomb.push_str(&format!(r#"<g id="a{i}">{uses}</g>"#));
        }
        assert!(matches!(fault(&bomb), LayoutError::TooComplex { what: "references", .. }));
        let mut masks = String::from(r#"<mask id="m0"><rect width="9" height="9"/></mask>"#);
        for i in 1..20 {
            let twice = format!(r#"<rect width="9" height="9" mask="url(#m{})"/>"#, i - 1).repeat(2);
            masks.push_str(&format!(r#"<mask id="m{i}">{twice}</mask>"#));
        }
        assert!(matches!(fault(&masks), LayoutError::TooComplex { what: "references", .. }));
    }

    #[test]
    fn a_drawing_too_deep_too_long_or_too_large_is_refused() {
        let deep = format!("{}{}", "<g>".repeat(60), "</g>".repeat(60));
        assert!(matches!(fault(&deep), LayoutError::TooComplex { what: "depth", .. }));
        let bottomless = "<g>".repeat(1_000_000);
        assert!(matches!(fault(&bottomless), LayoutError::TooComplex { what: "depth", .. }));
        assert!(matches!(fault(&"<g/>".repeat(30_000)), LayoutError::TooComplex { what: "elements", .. }));
        assert!(matches!(fault(&" ".repeat(5 << 20)), LayoutError::TooLarge { .. }));
    }

    #[test]
    fn what_drawing_programs_write_passes() {
        let inkscape = r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape -->
<svg width="85.6mm" height="53.98mm" viewBox="0 0 85.6 53.98" version="1.1"
 xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:export-filename="/home/x/a.png"
 xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <metadata><rdf:RDF><rdf:Description rdf:about="http://example.org/"/></rdf:RDF></metadata>
 <defs><linearGradient id="g"><stop offset="0"/></linearGradient></defs>
 <rect style="fill:url(#g)" width="10" height="10"/></svg>"##;
        assert!(read(Side::Front, inkscape).is_ok());
        let illustrator = r##"<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 856 539.8"><style>.a{fill:url(#g)}</style>
<linearGradient id="g"><stop offset="0"/></linearGradient><rect class="a" width="9" height="9"/></svg>"##;
        assert!(read(Side::Front, illustrator).is_ok());
    }
}
