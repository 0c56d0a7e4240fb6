//! The fields a design may name, and one person's values for them.

use std::collections::BTreeMap;
use std::fmt;

/// A field of a design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Given names.
    GivenName,
    /// Family names.
    FamilyName,
    /// The name as the person wants it shown.
    DisplayName,
    /// Department or company.
    Unit,
    /// What the person does.
    Title,
    /// The office's number for the person.
    StaffNo,
    /// The card's own number.
    CardNo,
    /// Who issues the card.
    Organisation,
    /// Last day of validity, as the office writes dates.
    ValidUntil,
    /// The portrait.
    Photo,
    /// A QR code; without a template it holds the card number.
    Qr,
}

impl Field {
    /// All, in the order they are listed to a designer.
    pub const ALL: [Self; 11] = [
        Self::GivenName,
        Self::FamilyName,
        Self::DisplayName,
        Self::Unit,
        Self::Title,
        Self::StaffNo,
        Self::CardNo,
        Self::Organisation,
        Self::ValidUntil,
        Self::Photo,
        Self::Qr,
    ];

    /// As designs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::DisplayName => "display_name",
            Self::Unit => "unit",
            Self::Title => "title",
            Self::StaffNo => "staff_no",
            Self::CardNo => "card_no",
            Self::Organisation => "organisation",
            Self::ValidUntil => "valid_until",
            Self::Photo => "photo",
            Self::Qr => "qr",
        }
    }

    /// The field of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What goes into a design for one card. Its `Debug` names the fields that are set, never what they hold.
#[derive(Clone, Default)]
pub struct Values {
    texts: BTreeMap<Field, String>,
    photo: Option<Vec<u8>>,
}

impl Values {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a text, trimmed; an empty one counts as not set. Ignored for [`Field::Photo`] and [`Field::Qr`], which are
    /// no texts.
    #[must_use]
    pub fn with(mut self, field: Field, text: impl Into<String>) -> Self {
        if !matches!(field, Field::Photo | Field::Qr) {
            self.texts.insert(field, text.into().trim().to_owned());
        }
        self
    }

    /// Sets the portrait: a JPEG, framed to [`crate::Design::photo_ratio`].
    #[must_use]
    pub fn with_photo(mut self, jpeg: Vec<u8>) -> Self {
        self.photo = Some(jpeg);
        self
    }

    /// The text of a field; empty if not set.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        self.texts.get(&field).map_or("", String::as_str)
    }

    /// The portrait, if set.
    #[must_use]
    pub fn photo(&self) -> Option<&[u8]> {
        self.photo.as_deref()
    }

    /// Whether the field has something to show. A QR code without a template shows the card number.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::Photo => self.photo.is_some(),
            Field::Qr => !self.text(Field::CardNo).is_empty(),
            text => !self.text(text).is_empty(),
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = Field::ALL.into_iter().filter(|field| self.has(*field)).map(Field::name).collect();
        f.debug_struct("Values").field("set", &set).finish()
    }
}
