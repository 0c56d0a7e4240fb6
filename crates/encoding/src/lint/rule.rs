//! The rules: code, severity, why each matters, and what to do.

use serde::Serialize;

use crate::error::Problem;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// A risk, or something forgotten.
    Warning,
    /// No card should be written with it.
    Error,
}

use Severity::{Error, Note, Warning};

macro_rules! rules {
    ($($name:ident: $code:literal, $severity:ident, $risk:literal, $why:literal, $help:literal;)*) => {
        /// A rule about descriptions that can be read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Rule {
            $($name,)*
        }

        impl Rule {
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            pub(super) fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            pub(super) fn severity(self) -> Severity {
                match self {
                    $(Self::$name => $severity,)*
                }
            }

            /// Whether somebody may take it upon themselves; what would fail on every card, nobody can.
            pub(super) fn is_a_risk(self) -> bool {
                match self {
                    $(Self::$name => $risk,)*
                }
            }

            pub(super) fn why(self) -> &'static str {
                match self {
                    $(Self::$name => $why,)*
                }
            }

            pub(super) fn help(self) -> &'static str {
                match self {
                    $(Self::$name => $help,)*
                }
            }
        }
    };
}

rules! {
    UidOnly: "uid_only", Error, true,
        "A UID is sent in the clear and any emulator sends the same: a copy costs less than the card.",
        "Give the card an application with a key and let the doors read that.";
    Copyable: "copyable", Error, true,
        "A 125 kHz chip tells its number to every reader: a copy takes seconds and a blank chip, and opens what the badge opens.",
        "Let the doors read the card; keep the chip for those that cannot yet, with a day on which that ends.";
    LegicCopyable: "legic_copyable", Error, true,
        "LEGIC prime keeps nothing secret: whoever comes near the card reads its segments, and writes them into another for the price of that.",
        "family = \"advant\"; or somebody's name to it until the doors that need it are changed.";
    ChipOpen: "chip_open", Warning, true,
        "Without a password anybody writes another number into the chip.",
        "A password in the chip's table, diversified by the UID.";
    Ev1: "ev1_messaging", Warning, true,
        "The secure messaging of EV1 does not number its commands and knows no transaction: what was seen can be replayed within a session.",
        "Take EV2 or EV3 cards: family = \"ev2\".";
    DesKeys: "des_keys", Error, true,
        "Triple DES is withdrawn (NIST SP 800-131A), and keys of this kind have been measured out of first-generation cards within hours: then the card can be copied.",
        "cipher = \"aes\"; or somebody's name to it until the last old reader is gone.";
    OlderMessaging: "older_messaging_on", Warning, true,
        "Only EV2 messaging is used, but the card still answers the older kinds: whoever has a key chooses the weaker.",
        "only_ev2 = true in [card], once every reader speaks EV2.";
    RandomUidOff: "random_uid_off", Warning, true,
        "The card tells everybody near it the same UID: its holder can be followed.",
        "random_uid = true in [card], once every reader, this station's too, asks for the real UID with a key.";
    RandomUidUnreadable: "random_uid_unreadable", Error, false,
        "The card shows a random UID, and every key of this application is made of the real one: no reader can find out which key to use.",
        "Give the application one key without diversify, for GetCardUID alone.";
    FormatOn: "format_on", Note, true,
        "Whoever has the card's master key can erase the card in one command.",
        "format_off = true in [card]; a reset then removes application by application, and the memory stays taken.";
    CardCreateFree: "card_create_free", Warning, true,
        "Anybody can make applications on the card, without a key, until its memory is full.",
        "[card.settings] with create_free = false.";
    CardListFree: "card_list_free", Note, true,
        "Anybody can ask which applications the card has, and so whose card it is.",
        "[card.settings] with list_free = false.";
    CardFrozen: "card_settings_frozen", Warning, true,
        "Card settings that cannot be changed stay so when the card is reset for another holder.",
        "settings_changeable = true in [card.settings].";
    DefaultKeyKnown: "default_key_known", Warning, true,
        "New applications begin with the zero key: whoever listens while a card is written can work out the keys put in its place.",
        "[card.default_key] with a key of the vault.";
    TransportKeyKnown: "transport_key_known", Note, true,
        "Blanks come with the factory key, which is the same the world over: whoever listens while a card is written can work out its master key.",
        "Order cards with a key of your own and name it in [card.transport_key]; or write cards where nobody listens.";
    AnyBlank: "any_blank", Note, true,
        "A blank is taken by its key alone, wherever it came from: whoever has an emulator with the factory key is given keys.",
        "stock = true in [card], and lanyard stock add for each box that comes.";
    OriginalityOff: "originality_unread", Note, true,
        "Nothing asks whether the maker signed the card's UID: a chip of another make passes for the ordered one.",
        "originality = \"required\" in [card].";
    FreeBytesSmall: "free_bytes_small", Error, false,
        "A card with less memory than the encoding takes would be begun and not finished.",
        "Raise free_bytes in [card] to at least what the plan's memory map says.";
    KeyUnused: "key_unused", Note, true,
        "A key that opens nothing has to be kept, backed up and changed all the same.",
        "Remove it, unless it is kept for files that come later.";
    KeySame: "key_same", Error, true,
        "Two roles have the same key on the card: whoever may do the one may do the other.",
        "Another key, or \"aid\" or \"key_number\" in diversify.";
    MasterShared: "master_shared", Error, true,
        "The card's master key is also a key of an application: whoever has that can change or erase everything.",
        "A key of its own for the card.";
    MasterSame: "master_undiversified", Error, true,
        "The same master key on every card: one card opened opens all.",
        "\"uid\" in diversify.";
    KeyUndiversified: "key_undiversified", Warning, true,
        "The same key on every card: one card or reader opened opens all.",
        "\"uid\" in diversify; or nothing but GetCardUID for this key.";
    NoSystem: "no_system", Note, true,
        "Another system that diversifies the same master key by the UID gets the same keys (AN10922 §2.1).",
        "system = \"…\" at the top, and \"system\" in diversify.";
    NoUid: "uid_not_first", Note, true,
        "AN10922 §2.1 puts the UID first; readers of others that follow it make another key.",
        "\"uid\" as the first part of diversify.";
    ChangeSame: "change_by_itself", Warning, true,
        "Each key may change itself: whoever has a reader can lock the office out of what it reads.",
        "change_keys = the role of key 0.";
    CreateFree: "create_free", Error, true,
        "Anybody can make and delete files in this application, without a key.",
        "create_free = false.";
    ListFree: "list_free", Note, true,
        "Anybody can ask which files the application has and how they are protected.",
        "list_free = false, unless a reader needs it.";
    SettingsFrozen: "settings_frozen", Note, true,
        "The application's settings can never be changed, not even when a key has come out.",
        "settings_changeable = true.";
    FreeRead: "free_read", Warning, true,
        "Anybody with a telephone reads this file.",
        "read = a role.";
    FreeReadPersonal: "free_read_personal", Error, true,
        "Anybody with a telephone reads this, and it is about a person.",
        "read = a role, mode = \"full\".";
    PersonalInClear: "personal_in_clear", Warning, true,
        "Personal data goes through the air unenciphered; an antenna beside the reader hears it.",
        "mode = \"full\".";
    Plain: "plain_mode", Warning, true,
        "What is read goes through the air unenciphered and unprotected: a device in between can alter it.",
        "mode = \"mac\" or \"full\".";
    WriteByReader: "write_by_reader", Warning, true,
        "Who reads this file may also write it: every door reader can make a card say something else.",
        "A key of its own to write.";
    ChangeByOther: "rights_by_other_key", Error, true,
        "Another key than the application's master may change who reads and writes this file.",
        "change = the role of key 0, or \"never\".";
    RightsFrozen: "rights_frozen", Note, true,
        "Nobody can ever change who reads and writes this file.",
        "change = the role of key 0.";
    FileEmpty: "file_empty", Note, true,
        "The file holds no field: it takes memory and says nothing.",
        "A field, or no file.";
    NoTransactionMac: "no_transaction_mac", Note, true,
        "Nothing proves what a till took off this value: whoever runs the tills says what they like.",
        "A file of kind transaction_mac, whose key the tills do not have.";
    NoProof: "no_card_record", Note, true,
        "Nothing on the card is signed by its issuer: off line, only the keys say that it is genuine.",
        "A field of type card_record.";
    ValueType: "value_type", Error, false,
        "This value is of another type than the field: it would fit on no card.",
        "Another type, or another value.";
    ValueLong: "value_long", Error, false,
        "This number can be larger than the field holds: some cards could not be written, and nothing is cut.",
        "A longer field, or another format.";
    TextLong: "text_long", Warning, true,
        "This text can be longer than the field: for some people no card could be written, and nothing is cut.",
        "A longer field.";
    ValueUnknown: "value_unknown", Warning, true,
        "The station has no value of this name: writing stops before the first card.",
        "One of the names in docs/encodings.md.";
    AcceptExpired: "accept_expired", Error, false,
        "The day until which somebody took this risk is past.",
        "Remove the risk, or have it accepted anew.";
    AcceptUnused: "accept_unused", Warning, false,
        "A risk is accepted that is not there.",
        "Remove the entry.";
    AcceptUnknown: "accept_unknown", Error, false,
        "No finding that can be accepted has this code.",
        "Take the code that lint shows.";
}

/// The code of what no card could be made of.
pub(super) fn of_problem(problem: &Problem) -> &'static str {
    match problem {
        Problem::Version { .. } => "version",
        Problem::Overlap { .. } => "overlap",
        Problem::Outside { .. } => "outside",
        Problem::NoUid => "no_uid",
        Problem::FreeWrite => "free_write",
        Problem::MasterFrozen => "master_frozen",
        Problem::ChangeKeys { .. } => "change_keys",
        Problem::ConstantFit { .. } => "constant_misfit",
        Problem::Length { .. } => "length",
        Problem::Twice { .. } => "twice",
        Problem::Role { .. } => "role",
        Problem::Picture { .. } | Problem::Letter { .. } => "bits",
        Problem::NoWriter | Problem::NoReader | Problem::FreeReadEnciphered => "rights",
        _ => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_why_and_what_to_do() {
        for rule in Rule::ALL {
            assert!(rule.why().ends_with('.') && rule.help().ends_with('.'), "{}", rule.code());
        }
    }

    #[test]
    fn no_two_rules_have_one_code() {
        for (at, rule) in Rule::ALL.iter().enumerate() {
            assert!(Rule::ALL[at + 1..].iter().all(|other| other.code() != rule.code()), "{}", rule.code());
        }
    }
}
