//! From SVG text to the tree that is drawn, with nothing but the given fonts and pictures within reach.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use image::{ImageFormat, ImageReader};
use resvg::usvg::{FontResolver, ImageHrefResolver, ImageKind, Options, Tree};

use crate::{Fonts, fonts};

/// The address under which a filled drawing asks for the portrait.
pub(crate) const PHOTO_HREF: &str = "lanyard:photo";

/// All pictures of a side together: 12,000 × 4,000 is past anything a card can show.
pub(crate) const MAX_PIXELS: u64 = 48_000_000;

/// What came up while the tree was made.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Families that were asked for and not given.
    pub(crate) families: BTreeSet<String>,
    /// An embedded picture is broken or of another kind.
    pub(crate) bad_picture: bool,
    /// Pixels of all embedded pictures.
    pub(crate) pixels: u64,
}

/// Parses; `None` if the text is no drawing.
pub(crate) fn parse(svg: &str, fonts: Option<&Fonts>, photo: Option<&Arc<Vec<u8>>>) -> Option<(Tree, Notes)> {
    let notes = Mutex::new(Notes::default());
    let note = |f: &dyn Fn(&mut Notes)| f(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
    let options = Options {
        font_family: fonts.map(|fonts| fonts.family.clone()).unwrap_or_default(),
        font_size: 12.0,
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, _| {
                let kind = picture(data);
                match &kind {
                    Some((_, pixels)) => note(&|n| n.pixels = n.pixels.saturating_add(*pixels)),
                    None => note(&|n| n.bad_picture = true),
                }
                kind.map(|(kind, _)| kind)
            }),
            resolve_string: Box::new(|href, _| {
                (href == PHOTO_HREF).then(|| photo.cloned().map(ImageKind::JPEG)).flatten()
            }),
        },
        font_resolver: FontResolver {
            select_font: Box::new(|font, db| {
                // A family that is not there is a fault only where no other of the list is.
                let found = fonts::select(font, db);
                if found.is_none() && !db.is_empty() {
                    let wanted = font.families().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    note(&|n| {
                        n.families.insert(wanted.clone());
                    });
                }
                found
            }),
            select_fallback: FontResolver::default_fallback_selector(),
        },
        fontdb: fonts.map(|fonts| fonts.db.clone()).unwrap_or_default(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).ok();
    drop(options);
    Some((tree?, notes.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

/// A JPEG or PNG whose header can be read, and its pixels.
fn picture(data: Arc<Vec<u8>>) -> Option<(ImageKind, u64)> {
    let reader = ImageReader::new(Cursor::new(data.as_slice())).with_guessed_format().ok()?;
    let format = reader.format()?;
    let (width, height) = reader.into_dimensions().ok()?;
    let pixels = u64::from(width) * u64::from(height);
    let kind = match format {
        ImageFormat::Jpeg => ImageKind::JPEG(data),
        ImageFormat::Png => ImageKind::PNG(data),
        _ => return None,
    };
    Some((kind, pixels))
}
