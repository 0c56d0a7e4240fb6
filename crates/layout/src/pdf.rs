//! A scene as a PDF of the card's size, by walking the same tree that the preview is drawn from.
//!
//! Outlines and flat colours become PDF paths, a JPEG is embedded as it is. What PDF does not say the same way
//! (gradients, masks, filters, blending) is drawn by the preview's own renderer at 600 dpi and embedded as a picture.
//! Paragraphs are of ISO 32000-1.

use std::collections::BTreeMap;
use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageFormat, ImageReader};
use printpdf::{
    DictItem, ExtendedGraphicsState, ExtendedGraphicsStateId, ExternalStream, ExternalXObject, OffsetDateTime, Op,
    PdfDocument, PdfPage, PdfSaveOptions, Pt, Rect, XObject, XObjectId,
};
use resvg::tiny_skia::{PathSegment, Pixmap, Transform};
use resvg::usvg::{
    BlendMode, ClipPath, Color, FillRule, Group, Image, ImageKind, LineCap, LineJoin, Node, Paint, PaintOrder, Path,
    Tree,
};

use crate::{LayoutError, Side};

const POINTS_PER_MM: f32 = 72.0 / 25.4;
const PICTURE_DPI: f32 = 600.0;
/// Pictures of parts; a design that needs more is drawn as one picture a layer.
const MAX_PARTS: usize = 24;

/// What a PDF says of itself. Nothing in it comes from the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdfFacts {
    /// Shown in queues and windows; a card number, never a name.
    pub title: String,
    /// When it was made, in milliseconds since 1970.
    pub made_unix_ms: i64,
}

/// One page for each of these, drawn from the bottom up.
pub(crate) fn write<'t>(
    pages: impl IntoIterator<Item = (Side, &'t [Tree])>,
    facts: &PdfFacts,
) -> Result<Vec<u8>, LayoutError> {
    let failed = || LayoutError::Draw { side: Side::Front };
    let mut doc = PdfDocument::new(&facts.title);
    let made = OffsetDateTime::from_unix_timestamp(facts.made_unix_ms.div_euclid(1000)).map_err(|_| failed())?;
    doc.metadata.info.creation_date = made;
    doc.metadata.info.modification_date = made;
    doc.metadata.info.metadata_date = made;
    doc.metadata.info.creator = "Lanyard".to_owned();
    doc.metadata.info.producer = "Lanyard".to_owned();
    let mut shared = Shared::default();
    for (side, layers) in pages {
        let page = Page::draw(layers, side, &mut shared)?;
        doc.pages.push(page);
    }
    doc.resources.xobjects.map = shared.pictures;
    doc.resources.extgstates.map = shared.alphas;
    // The operators are written by this file alone, so printpdf need not filter them.
    let options =
        PdfSaveOptions { optimize: true, secure: false, image_optimization: None, ..PdfSaveOptions::default() };
    let mut file = doc.to_lopdf_document(&options, &mut Vec::new());
    // Opacity is of PDF 1.4; the random file identifier is optional (§14.4) and would make two prints of one card differ.
    file.version = "1.4".to_owned();
    file.trailer.remove(b"ID");
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(|_| failed())?;
    Ok(bytes)
}

#[derive(Default)]
struct Shared {
    pictures: BTreeMap<XObjectId, XObject>,
    alphas: BTreeMap<ExtendedGraphicsStateId, ExtendedGraphicsState>,
}

struct Page<'a> {
    ops: Vec<Op>,
    shared: &'a mut Shared,
    side: Side,
    size_mm: (f32, f32),
    parts: usize,
}

/// Too much for parts: draw the layer as one picture.
struct OnePicture;

impl<'a> Page<'a> {
    fn draw(layers: &[Tree], side: Side, shared: &'a mut Shared) -> Result<PdfPage, LayoutError> {
        let size = layers.first().ok_or(LayoutError::Draw { side })?.size();
        let size_mm = (size.width(), size.height());
        let (width, height) = (size_mm.0 * POINTS_PER_MM, size_mm.1 * POINTS_PER_MM);
        let mut page = Page { ops: Vec::new(), shared, side, size_mm, parts: 0 };
        // §8.3.2.3: PDF's origin is the lower left corner, SVG's the upper left.
        let flip = Transform::from_row(POINTS_PER_MM, 0.0, 0.0, -POINTS_PER_MM, 0.0, height);
        page.op("q", vec![]);
        page.matrix(flip);
        for layer in layers {
            let start = page.ops.len();
            if page.group(layer.root(), Transform::identity()).is_err() {
                page.ops.truncate(start);
                page.whole(layer)?;
            }
        }
        page.op("Q", vec![]);
        let frame = || Rect::from_wh(Pt(width), Pt(height));
        Ok(PdfPage { media_box: frame(), trim_box: frame(), crop_box: frame(), ops: page.ops })
    }

    fn op(&mut self, key: &str, value: Vec<DictItem>) {
        self.ops.push(Op::Unknown { key: key.to_owned(), value });
    }

    fn numbers(&mut self, key: &str, numbers: &[f32]) {
        // Four digits after the point are a third of a micron; more would only show how a machine rounds.
        let value = numbers.iter().map(|n| DictItem::Real((n * 10_000.0).round() / 10_000.0)).collect();
        self.op(key, value);
    }

    fn matrix(&mut self, t: Transform) {
        // Scales may be small: not rounded.
        let value = [t.sx, t.ky, t.kx, t.sy, t.tx, t.ty].map(DictItem::Real).to_vec();
        self.op("cm", value);
    }

    fn group(&mut self, group: &Group, outer: Transform) -> Result<(), OnePicture> {
        let here = outer.pre_concat(group.transform());
        let clip = group.clip_path();
        if clip.is_none() {
            return self.children(group, here);
        }
        let Some(path) = clip.and_then(single_path) else {
            return self.children(group, here);
        };
        self.op("q", vec![]);
        let (path, own, rule) = path;
        let transform = here.pre_concat(own);
        if let Some(path) = path.data().clone().transform(transform) {
            self.segments(&path);
        }
        self.op(if rule == FillRule::EvenOdd { "W*" } else { "W" }, vec![]);
        self.op("n", vec![]);
        let drawn = self.children(group, here);
        self.op("Q", vec![]);
        drawn
    }

    fn children(&mut self, group: &Group, here: Transform) -> Result<(), OnePicture> {
        for node in group.children() {
            self.node(node, here)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, here: Transform) -> Result<(), OnePicture> {
        match node {
            Node::Group(group) if plain(group) => self.group(group, here),
            Node::Path(path) if !path.is_visible() => Ok(()),
            Node::Path(path) if flat(path) => {
                self.path(path, here);
                Ok(())
            }
            Node::Text(text) => self.group(text.flattened(), here),
            Node::Image(image) if !image.is_visible() => Ok(()),
            Node::Image(image) => match embedded(image) {
                Some(picture) => {
                    let size = image.size();
                    let unit = here.pre_concat(Transform::from_row(
                        size.width(),
                        0.0,
                        0.0,
                        -size.height(),
                        0.0,
                        size.height(),
                    ));
                    self.picture(picture, unit);
                    Ok(())
                }
                None => self.part(node, here),
            },
            Node::Group(_) | Node::Path(_) => self.part(node, here),
        }
    }

    fn path(&mut self, path: &Path, here: Transform) {
        self.op("q", vec![]);
        self.matrix(here);
        match path.paint_order() {
            PaintOrder::FillAndStroke => {
                self.fill(path);
                self.stroke(path);
            }
            PaintOrder::StrokeAndFill => {
                self.stroke(path);
                self.fill(path);
            }
        }
        self.op("Q", vec![]);
    }

    fn fill(&mut self, path: &Path) {
        let Some(fill) = path.fill() else { return };
        let Paint::Color(color) = fill.paint() else { return };
        self.alpha(fill.opacity().get());
        self.colour("rg", *color);
        self.segments(path.data());
        self.op(if fill.rule() == FillRule::EvenOdd { "f*" } else { "f" }, vec![]);
    }

    fn stroke(&mut self, path: &Path) {
        let Some(stroke) = path.stroke() else { return };
        let Paint::Color(color) = stroke.paint() else { return };
        self.alpha(stroke.opacity().get());
        self.colour("RG", *color);
        self.numbers("w", &[stroke.width().get()]);
        let cap = match stroke.linecap() {
            LineCap::Butt => 0,
            LineCap::Round => 1,
            LineCap::Square => 2,
        };
        self.op("J", vec![DictItem::Int(cap)]);
        let join = match stroke.linejoin() {
            LineJoin::Miter | LineJoin::MiterClip => 0,
            LineJoin::Round => 1,
            LineJoin::Bevel => 2,
        };
        self.op("j", vec![DictItem::Int(join)]);
        self.numbers("M", &[stroke.miterlimit().get().max(1.0)]);
        if let Some(dashes) = stroke.dasharray() {
            let dashes = dashes.iter().map(|n| DictItem::Real(*n)).collect();
            self.op("d", vec![DictItem::Array(dashes), DictItem::Real(stroke.dashoffset())]);
        }
        self.segments(path.data());
        self.op("S", vec![]);
    }

    fn colour(&mut self, key: &str, color: Color) {
        self.numbers(key, &[color.red, color.green, color.blue].map(|c| f32::from(c) / 255.0));
    }

    fn alpha(&mut self, alpha: f32) {
        let step = (alpha.clamp(0.0, 1.0) * 255.0).round() as u32;
        let name = format!("A{step}");
        let part = step as f32 / 255.0;
        self.shared.alphas.entry(ExtendedGraphicsStateId(name.clone())).or_insert_with(|| {
            ExtendedGraphicsState::default().with_current_fill_alpha(part).with_current_stroke_alpha(part)
        });
        self.op("gs", vec![DictItem::Name(name.into_bytes())]);
    }

    fn segments(&mut self, path: &resvg::tiny_skia::Path) {
        let mut at = resvg::tiny_skia::Point::zero();
        for segment in path.segments() {
            match segment {
                PathSegment::MoveTo(p) => {
                    self.numbers("m", &[p.x, p.y]);
                    at = p;
                }
                PathSegment::LineTo(p) => {
                    self.numbers("l", &[p.x, p.y]);
                    at = p;
                }
                // A quadratic curve as the cubic that is the same curve.
                PathSegment::QuadTo(c, p) => {
                    let third = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
                    let points = [third(at.x, c.x), third(at.y, c.y), third(p.x, c.x), third(p.y, c.y), p.x, p.y];
                    self.numbers("c", &points);
                    at = p;
                }
                PathSegment::CubicTo(a, b, p) => {
                    self.numbers("c", &[a.x, a.y, b.x, b.y, p.x, p.y]);
                    at = p;
                }
                PathSegment::Close => self.op("h", vec![]),
            }
        }
    }

    /// Places a picture; `unit` takes the unit square, y up, to the page (§8.9.5.1).
    fn picture(&mut self, stream: ExternalStream, unit: Transform) {
        let name = format!("P{}", self.shared.pictures.len());
        let object = ExternalXObject { stream, width: None, height: None, dpi: None };
        self.shared.pictures.insert(XObjectId(name.clone()), XObject::External(object));
        self.op("q", vec![]);
        self.alpha(1.0);
        self.matrix(unit);
        self.op("Do", vec![DictItem::Name(name.into_bytes())]);
        self.op("Q", vec![]);
    }

    /// Draws one node with the preview's renderer and embeds what came out.
    fn part(&mut self, node: &Node, here: Transform) -> Result<(), OnePicture> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(OnePicture);
        }
        let Some(layer) = node.abs_layer_bounding_box() else { return Ok(()) };
        let (left, top) = (layer.left().max(0.0), layer.top().max(0.0));
        let (right, bottom) = (layer.right().min(self.size_mm.0), layer.bottom().min(self.size_mm.1));
        if right <= left || bottom <= top {
            return Ok(());
        }
        let scale = PICTURE_DPI / 25.4;
        let dots = |mm: f32| (mm * scale).ceil() as u32 + 1;
        let Some(mut pixmap) = Pixmap::new(dots(right - left), dots(bottom - top)) else { return Ok(()) };
        // `render_node` moves the node's own corner to the origin; that is undone, so that `here` places it.
        let transform = Transform::from_scale(scale, scale)
            .pre_translate(-left, -top)
            .pre_concat(here)
            .pre_translate(layer.x(), layer.y());
        if resvg::render_node(node, transform, &mut pixmap.as_mut()).is_none() {
            return Ok(());
        }
        let (width, height) = (pixmap.width() as f32 / scale, pixmap.height() as f32 / scale);
        let rgba = straight(&pixmap);
        let stream = raw_picture(pixmap.width(), pixmap.height(), &rgba);
        self.picture(stream, Transform::from_row(width, 0.0, 0.0, -height, left, top + height));
        Ok(())
    }

    fn whole(&mut self, tree: &Tree) -> Result<(), LayoutError> {
        let scale = PICTURE_DPI / 25.4;
        let (width, height) = self.size_mm;
        let mut pixmap = Pixmap::new((width * scale).round() as u32, (height * scale).round() as u32)
            .ok_or(LayoutError::Draw { side: self.side })?;
        let fill = Transform::from_scale(pixmap.width() as f32 / width, pixmap.height() as f32 / height);
        resvg::render(tree, fill, &mut pixmap.as_mut());
        let stream = raw_picture(pixmap.width(), pixmap.height(), &straight(&pixmap));
        self.picture(stream, Transform::from_row(width, 0.0, 0.0, -height, 0.0, height));
        Ok(())
    }
}

/// Nothing that needs a layer of its own, but a clip that PDF can say.
fn plain(group: &Group) -> bool {
    group.opacity().get() >= 1.0
        && group.blend_mode() == BlendMode::Normal
        && !group.isolate()
        && group.mask().is_none()
        && group.filters().is_empty()
        && group.clip_path().is_none_or(|clip| single_path(clip).is_some())
}

/// The one outline a clip is made of, with its place.
fn single_path(clip: &ClipPath) -> Option<(&Path, Transform, FillRule)> {
    if clip.clip_path().is_some() {
        return None;
    }
    let mut transform = clip.transform();
    let mut group = clip.root();
    loop {
        transform = transform.pre_concat(group.transform());
        match group.children() {
            [Node::Path(path)] if path.is_visible() => {
                return Some((path, transform, path.fill().map_or(FillRule::NonZero, |fill| fill.rule())));
            }
            [Node::Group(inner)] if inner.clip_path().is_none() => group = inner,
            _ => return None,
        }
    }
}

fn flat(path: &Path) -> bool {
    let flat = |paint: &Paint| matches!(paint, Paint::Color(_));
    path.fill().is_none_or(|fill| flat(fill.paint())) && path.stroke().is_none_or(|stroke| flat(stroke.paint()))
}

/// A JPEG as it is, or the pixels of another picture; `None` for what only the renderer can draw.
fn embedded(image: &Image) -> Option<ExternalStream> {
    let (bytes, format) = match image.kind() {
        ImageKind::JPEG(bytes) => (bytes, ImageFormat::Jpeg),
        ImageKind::PNG(bytes) => (bytes, ImageFormat::Png),
        _ => return None,
    };
    let decoder = ImageReader::with_format(Cursor::new(bytes.as_slice()), format).into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if format == ImageFormat::Jpeg && decoder.color_type() == ColorType::Rgb8 && three_components(bytes) {
        let mut stream = picture_stream(width, height, "DeviceRGB", bytes.to_vec());
        stream.dict.insert("Filter".to_owned(), DictItem::Name(b"DCTDecode".to_vec()));
        stream.compress = false;
        return Some(stream);
    }
    let rgba = image::DynamicImage::from_decoder(decoder).ok()?.into_rgba8();
    Some(raw_picture(width, height, rgba.as_raw()))
}

/// Whether a JPEG's frame header (ITU-T T.81 §B.2.2) has three components: what `DeviceRGB` needs.
fn three_components(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = jpeg.get(at..at + 4) {
        if matches!(marker, 0xC0..=0xC2) {
            return jpeg.get(at + 9) == Some(&3);
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
    false
}

fn straight(pixmap: &Pixmap) -> Vec<u8> {
    pixmap
        .pixels()
        .iter()
        .flat_map(|p| {
            let c = p.demultiply();
            [c.red(), c.green(), c.blue(), c.alpha()]
        })
        .collect()
}

/// Pixels with straight alpha; the alpha becomes a soft mask (§11.6.5.3) where there is any.
fn raw_picture(width: u32, height: u32, rgba: &[u8]) -> ExternalStream {
    let pixels = rgba.chunks_exact(4);
    let rgb = pixels.clone().flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut stream = picture_stream(width, height, "DeviceRGB", rgb);
    if pixels.clone().any(|p| p[3] != 255) {
        let alpha = picture_stream(width, height, "DeviceGray", pixels.map(|p| p[3]).collect());
        stream.dict.insert("SMask".to_owned(), DictItem::Stream { stream: alpha });
    }
    stream
}

fn picture_stream(width: u32, height: u32, space: &str, content: Vec<u8>) -> ExternalStream {
    let name = |text: &str| DictItem::Name(text.as_bytes().to_vec());
    let dict = BTreeMap::from([
        ("Type".to_owned(), name("XObject")),
        ("Subtype".to_owned(), name("Image")),
        ("Width".to_owned(), DictItem::Int(i64::from(width))),
        ("Height".to_owned(), DictItem::Int(i64::from(height))),
        ("ColorSpace".to_owned(), name(space)),
        ("BitsPerComponent".to_owned(), DictItem::Int(8)),
        ("Interpolate".to_owned(), DictItem::Bool(true)),
    ]);
    ExternalStream { dict, content, compress: true }
}
