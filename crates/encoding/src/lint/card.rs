//! Rules about the card as a whole.

use lanyard_desfire::Family;

use super::Found;
use super::rule::Rule;
use crate::description::{ChipContent, Content, InputPart, LegicKind};
use crate::memory::Memory;

pub(super) fn rules(found: &mut Found<'_>) {
    let encoding = found.encoding;
    let card = &encoding.card;
    let files = || encoding.applications.iter().flat_map(|application| &application.files);
    for chip in &encoding.chips {
        let what = match chip.content {
            ChipContent::Em4100 { .. } => "answers as an EM4100",
            ChipContent::Prox { .. } => "answers as a HID Prox card",
        };
        found.add(Rule::Copyable, &chip.at(), what);
        if chip.password.is_none() {
            found.add(Rule::ChipOpen, &chip.at(), "no password");
        }
    }
    for segment in encoding.segments.iter().filter(|segment| segment.family == LegicKind::Prime) {
        found.add(Rule::LegicCopyable, &segment.at(), "family = \"prime\"");
    }
    if files().next().is_none() && encoding.chips.is_empty() && encoding.segments.is_empty() {
        found.add(Rule::UidOnly, "card", "no file on the card");
    }
    if card.family == Family::Ev1 {
        found.add(Rule::Ev1, "card, family", "family = \"ev1\"");
    } else if !card.only_ev2 {
        found.add(Rule::OlderMessaging, "card", "only_ev2 is not set");
    }
    for application in encoding.applications.iter().filter(|application| !application.cipher.is_aes()) {
        let at = format!("application {:06X}", application.aid.number());
        found.add(Rule::DesKeys, &at, "cipher = \"2k3des\"");
    }
    if card.random_uid {
        for application in &encoding.applications {
            if application.keys.iter().all(|key| key.spec.input.contains(&InputPart::Uid)) {
                let at = format!("application {:06X}", application.aid.number());
                found.add(Rule::RandomUidUnreadable, &at, "every key is diversified by the UID");
            }
        }
    } else {
        found.add(Rule::RandomUidOff, "card", "random_uid is not set");
    }
    if !card.format_off {
        found.add(Rule::FormatOn, "card", "format_off is not set");
    }
    match &card.settings {
        None => {
            found.add(Rule::CardCreateFree, "card", "card settings as delivered");
            found.add(Rule::CardListFree, "card", "card settings as delivered");
        }
        Some(settings) => {
            if settings.create_free {
                found.add(Rule::CardCreateFree, "card, settings", "create_free = true");
            }
            if settings.list_free {
                found.add(Rule::CardListFree, "card, settings", "list_free = true");
            }
            if !settings.settings_changeable {
                found.add(Rule::CardFrozen, "card, settings", "settings_changeable = false");
            }
        }
    }
    if card.default.is_none() && !encoding.applications.is_empty() {
        found.add(Rule::DefaultKeyKnown, "card", "no default_key");
    }
    if card.transport.is_none() {
        found.add(Rule::TransportKeyKnown, "card", "no transport_key");
    }
    if !card.stock {
        found.add(Rule::AnyBlank, "card", "stock is not set");
    }
    if !card.originality {
        found.add(Rule::OriginalityOff, "card", "originality is not set");
    }
    let needed = Memory::of(encoding).bytes;
    if card.free_bytes < needed {
        let details = [("free", card.free_bytes.to_string()), ("needed", needed.to_string())];
        let what = format!("free_bytes = {}, needed {needed}", card.free_bytes);
        found.about(Rule::FreeBytesSmall, "card", what, details);
    }
    let signed = files().flat_map(|file| &file.fields).any(|field| {
        matches!(&field.content, Content::Bytes { .. }) && field.content.names().any(|name| name == crate::CARD_RECORD)
    });
    if !signed {
        found.add(Rule::NoProof, "card", "no field of type card_record");
    }
}
