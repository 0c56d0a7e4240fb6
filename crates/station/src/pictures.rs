//! Card pictures: one design, one person, one scene; from it the preview, the PDF for the printer, and what the history
//! keeps.

use std::sync::LazyLock;

use lanyard_layout::{About, Design, Field, Fonts, PRINT_DPI, PdfFacts, Scene, SceneOptions, Side, Values, scene};
use lanyard_model::{Record, UnixMs, Value};
use lanyard_store::{StoreError, Tx};
use sha2::{Digest, Sha256};

use crate::{StationError, assets};

/// An encoded picture and its hash: the window asks for it by that, and the history keeps it under that. Hashed once, since
/// each view of a case names its pictures.
#[derive(Clone)]
pub(crate) struct Picture {
    hash: [u8; 32],
    media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Picture {
    pub(crate) fn jpeg(bytes: Vec<u8>) -> Self {
        Self::new(bytes, "image/jpeg")
    }

    fn png(bytes: Vec<u8>) -> Self {
        Self::new(bytes, "image/png")
    }

    fn new(bytes: Vec<u8>, media_type: &'static str) -> Self {
        Self { hash: Sha256::digest(&bytes).into(), media_type, bytes }
    }

    /// As the window asks for it.
    pub(crate) fn id(&self) -> String {
        hex::encode(self.hash)
    }

    /// Its hash.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Into the store, where an entry names it.
    pub(crate) fn put(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.put_blob(&self.bytes, self.media_type).map(|_| ())
    }

    /// As an entry names it.
    pub(crate) fn blob(&self) -> Value {
        Value::blob(self.hash, self.bytes.len() as u64, self.media_type)
    }
}

/// Both sides, as pixels and as PDF.
#[derive(Clone)]
pub(crate) struct CardPictures {
    pub front: Picture,
    pub back: Picture,
    pub pdf: Vec<u8>,
}

impl CardPictures {
    /// As the window asks for them.
    pub(crate) fn ids(&self) -> crate::api::Pictures {
        crate::api::Pictures { front: self.front.id(), back: self.back.id() }
    }
}

/// The design that ships, parsed once.
pub(crate) fn design() -> Result<&'static Design, StationError> {
    static DESIGN: LazyLock<Result<Design, lanyard_layout::LayoutError>> =
        LazyLock::new(|| Design::parse(assets::DESIGN_FRONT, assets::DESIGN_BACK));
    DESIGN.as_ref().map_err(|error| StationError::Layout(error.clone()))
}

/// What `design.toml` says of it, read once.
pub(crate) fn about() -> Result<&'static About, StationError> {
    static ABOUT: LazyLock<Result<About, lanyard_layout::LayoutError>> =
        LazyLock::new(|| About::parse(assets::DESIGN_ABOUT));
    ABOUT.as_ref().map_err(|error| StationError::Layout(error.clone()))
}

/// Only shipped fonts: what is on the machine must not change a card.
fn fonts() -> Result<&'static Fonts, StationError> {
    static FONTS: LazyLock<Result<Fonts, lanyard_layout::LayoutError>> =
        LazyLock::new(|| Fonts::load(assets::FONTS.iter().map(|font| font.to_vec())));
    FONTS.as_ref().map_err(|error| StationError::Layout(error.clone()))
}

/// A text as a PDF on A4; its first line is its title.
pub(crate) fn sheet(text: &str, made: UnixMs) -> Result<Vec<u8>, StationError> {
    let title = text.lines().next().unwrap_or_default().to_owned();
    let facts = PdfFacts { title, made_unix_ms: made.0 };
    Ok(lanyard_layout::sheet(text, fonts()?, &facts)?)
}

/// What goes on the card.
pub(crate) struct OnCard<'a> {
    pub person: &'a Record,
    pub photo_jpeg: Option<Vec<u8>>,
    pub number: &'a str,
    pub organisation: &'a str,
    pub valid_until: &'a str,
    pub rehearsal: bool,
}

/// The scene of a card.
///
/// # Errors
/// [`StationError::Design`] with the fields that do not fit.
fn scene_of(card: &OnCard<'_>) -> Result<Scene, StationError> {
    let mut values = Values::new()
        .with(Field::CardNo, card.number)
        .with(Field::Organisation, card.organisation)
        .with(Field::ValidUntil, card.valid_until);
    for field in [Field::GivenName, Field::FamilyName, Field::Unit, Field::Title, Field::StaffNo] {
        values = values.with(field, card.person.text(field.name()));
    }
    values = values.with(Field::DisplayName, shown_name(card.person));
    if let Some(jpeg) = &card.photo_jpeg {
        values = values.with_photo(jpeg.clone());
    }
    scene(design()?, &values, fonts()?, SceneOptions { rehearsal: card.rehearsal }).map_err(|problems| {
        let fields: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let code = problems.first().map_or("design.fit", lanyard_fault::Coded::code);
        StationError::Design { count: problems.len(), fields: fields.join("; "), code }
    })
}

/// The name as the person wants it shown, or given and family name.
pub(crate) fn shown_name(person: &Record) -> String {
    match person.text("display_name") {
        "" => format!("{} {}", person.text("given_name"), person.text("family_name")).trim().to_owned(),
        name => name.to_owned(),
    }
}

/// Draws both sides.
pub(crate) fn draw(card: &OnCard<'_>, made: UnixMs) -> Result<CardPictures, StationError> {
    let scene = scene_of(card)?;
    let facts = PdfFacts { title: card.number.to_owned(), made_unix_ms: made.0 };
    Ok(CardPictures {
        front: Picture::png(scene.png(Side::Front, PRINT_DPI)?),
        back: Picture::png(scene.png(Side::Back, PRINT_DPI)?),
        pdf: scene.pdf(&facts)?,
    })
}
