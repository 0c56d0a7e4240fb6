//! Each finding of lint in the smallest encoding that shows it, at its line; and what ships is as it should be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use lanyard_encoding::{Date, Finding, Severity, lint, lint_codes};

/// Nothing is found here but what somebody has taken upon themselves.
const SOUND: &str = r#"
lanyard_encoding = 1
id = "sound"
system = "lanyard"
[names]
en = "Sound"
fr = "Sûr"
de = "Sicher"
sv = "Säker"
[card]
family = "ev2"
free_bytes = 640
random_uid = true
format_off = true
only_ev2 = true
stock = true
originality = "required"
[card.master_key]
key = "card-master"
diversify = ["uid", "system"]
[card.default_key]
key = "card-default"
diversify = ["uid", "system"]
[card.transport_key]
key = "card-transport"
[card.settings]
settings_changeable = true
list_free = false
create_free = false
[[application]]
aid = "4C5901"
[application.settings]
master_changeable = true
settings_changeable = true
list_free = false
create_free = false
change_keys = "master"
[[application.key]]
number = 0
role = "master"
key = "app-master"
diversify = ["uid", "aid", "system"]
[[application.key]]
number = 1
role = "reader"
key = "app-reader"
diversify = ["uid", "aid", "system"]
[[application.key]]
number = 2
role = "uid"
key = "app-uid"
[[application.file]]
number = 1
size = 32
mode = "full"
access = { read = "reader", write = "master", read_write = "never", change = "master" }
[[application.file.field]]
name = "number"
offset = 0
length = 4
type = "wiegand26"
facility = "card.facility"
number = "card.number"
[[application.file]]
number = 2
size = 128
mode = "mac"
access = { read = "reader", write = "master", read_write = "never", change = "master" }
[[application.file.field]]
name = "record"
offset = 0
length = 128
type = "card_record"
[[accept]]
finding = "key_undiversified"
at = "application 4C5901, key 2"
by = "Åsa Lind"
reason = "GetCardUID and nothing else"
until = 2027-06-30
[[accept]]
finding = "key_unused"
at = "application 4C5901, key 2"
by = "Åsa Lind"
reason = "GetCardUID and nothing else"
until = 2027-06-30
"#;

fn today() -> Date {
    Date::parse("2026-11-24").unwrap()
}

/// What nobody has accepted.
fn open(text: &str) -> Vec<Finding> {
    lint(text, today()).into_iter().filter(|finding| finding.accepted_by.is_none()).collect()
}

#[test]
fn a_sound_encoding_shows_nothing_but_what_is_accepted() {
    assert_eq!(open(SOUND), []);
    let accepted = lint(SOUND, today());
    assert_eq!(accepted.len(), 2);
    assert!(accepted.iter().all(|finding| finding.severity == Severity::Note));
    assert_eq!(accepted[0].accepted_by.as_deref(), Some("Åsa Lind"));
}

/// Code, what is replaced, by what, and on which line it is found.
const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "ev1_messaging",
        "family = \"ev2\"\nfree_bytes = 640\nrandom_uid = true\nformat_off = true\nonly_ev2 = true",
        "family = \"ev1\"\nfree_bytes = 640\nrandom_uid = true\nformat_off = true",
        "family",
    ),
    (
        "des_keys",
        "only_ev2 = true\nstock = true\noriginality = \"required\"\n[card.master_key]\nkey = \"card-master\"\ndiversify = [\"uid\", \"system\"]\n[card.default_key]\nkey = \"card-default\"\ndiversify = [\"uid\", \"system\"]\n[card.transport_key]\nkey = \"card-transport\"\n[card.settings]\nsettings_changeable = true\nlist_free = false\ncreate_free = false\n[[application]]\n",
        "stock = true\noriginality = \"required\"\n[card.master_key]\nkey = \"card-master\"\ndiversify = [\"uid\", \"system\"]\n[card.transport_key]\nkey = \"card-transport\"\n[card.settings]\nsettings_changeable = true\nlist_free = false\ncreate_free = false\n[[application]]\ncipher = \"2k3des\"\n",
        "[[application]]",
    ),
    ("older_messaging_on", "only_ev2 = true\n", "", "[card]"),
    ("random_uid_off", "random_uid = true\n", "", "[card]"),
    (
        "random_uid_unreadable",
        "key = \"app-uid\"\n",
        "key = \"app-uid\"\ndiversify = [\"uid\", \"aid\", \"system\"]\n",
        "[[application]]",
    ),
    ("format_on", "format_off = true\n", "", "[card]"),
    (
        "card_create_free",
        "list_free = false\ncreate_free = false\n[[application]]",
        "list_free = false\ncreate_free = true\n[[application]]",
        "[card.settings]",
    ),
    (
        "card_list_free",
        "list_free = false\ncreate_free = false\n[[application]]",
        "list_free = true\ncreate_free = false\n[[application]]",
        "[card.settings]",
    ),
    (
        "card_settings_frozen",
        "settings_changeable = true\nlist_free = false\ncreate_free = false\n[[app",
        "settings_changeable = false\nlist_free = false\ncreate_free = false\n[[app",
        "[card.settings]",
    ),
    (
        "default_key_known",
        "[card.default_key]\nkey = \"card-default\"\ndiversify = [\"uid\", \"system\"]\n",
        "",
        "[card]",
    ),
    ("transport_key_known", "[card.transport_key]\nkey = \"card-transport\"\n", "", "[card]"),
    ("any_blank", "stock = true\n", "", "[card]"),
    ("originality_unread", "originality = \"required\"\n", "", "[card]"),
    ("free_bytes_small", "free_bytes = 640", "free_bytes = 351", "[card]"),
    (
        "key_unused",
        "[[application.file]]\nnumber = 1",
        "[[application.key]]\nnumber = 3\nrole = \"spare\"\nkey = \"app-spare\"\ndiversify = [\"uid\", \"aid\", \"system\"]\n[[application.file]]\nnumber = 1",
        "number = 3",
    ),
    ("key_same", "key = \"app-reader\"", "key = \"app-master\"", "number = 1\nrole"),
    ("master_shared", "key = \"app-reader\"", "key = \"card-master\"", "number = 1\nrole"),
    (
        "master_undiversified",
        "key = \"card-master\"\ndiversify = [\"uid\", \"system\"]",
        "key = \"card-master\"",
        "[card.master_key]",
    ),
    (
        "master_undiversified",
        "key = \"app-master\"\ndiversify = [\"uid\", \"aid\", \"system\"]",
        "key = \"app-master\"",
        "number = 0",
    ),
    (
        "key_undiversified",
        "key = \"app-reader\"\ndiversify = [\"uid\", \"aid\", \"system\"]",
        "key = \"app-reader\"",
        "number = 1\nrole",
    ),
    (
        "no_system",
        "key = \"app-reader\"\ndiversify = [\"uid\", \"aid\", \"system\"]",
        "key = \"app-reader\"\ndiversify = [\"uid\", \"aid\"]",
        "number = 1\nrole",
    ),
    (
        "uid_not_first",
        "key = \"app-reader\"\ndiversify = [\"uid\", \"aid\", \"system\"]",
        "key = \"app-reader\"\ndiversify = [\"aid\", \"uid\", \"system\"]",
        "number = 1\nrole",
    ),
    ("change_by_itself", "change_keys = \"master\"", "change_keys = \"same\"", "[application.settings]"),
    ("create_free", "create_free = false\nchange_keys", "create_free = true\nchange_keys", "[application.settings]"),
    (
        "list_free",
        "list_free = false\ncreate_free = false\nchange_keys",
        "list_free = true\ncreate_free = false\nchange_keys",
        "[application.settings]",
    ),
    (
        "settings_frozen",
        "master_changeable = true\nsettings_changeable = true",
        "master_changeable = true\nsettings_changeable = false",
        "[application.settings]",
    ),
    (
        "free_read",
        "mode = \"mac\"\naccess = { read = \"reader\"",
        "mode = \"plain\"\naccess = { read = \"free\"",
        "{ read = \"free\"",
    ),
    (
        "free_read_personal",
        "mode = \"full\"\naccess = { read = \"reader\", write = \"master\", read_write = \"never\", change = \"master\" }\n[[application.file.field]]\nname = \"number\"\noffset = 0\nlength = 4\ntype = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
        "mode = \"plain\"\naccess = { read = \"free\", write = \"master\", read_write = \"never\", change = \"master\" }\n[[application.file.field]]\nname = \"number\"\noffset = 0\nlength = 8\ntype = \"number\"\nfrom = \"person.staff_no\"",
        "{ read = \"free\"",
    ),
    (
        "personal_in_clear",
        "mode = \"full\"\naccess = { read = \"reader\", write = \"master\", read_write = \"never\", change = \"master\" }\n[[application.file.field]]\nname = \"number\"\noffset = 0\nlength = 4\ntype = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
        "mode = \"mac\"\naccess = { read = \"reader\", write = \"master\", read_write = \"never\", change = \"master\" }\n[[application.file.field]]\nname = \"number\"\noffset = 0\nlength = 8\ntype = \"number\"\nfrom = \"person.staff_no\"",
        "number = 1\nsize",
    ),
    ("plain_mode", "mode = \"full\"", "mode = \"plain\"", "number = 1\nsize"),
    (
        "write_by_reader",
        "read_write = \"never\"",
        "read_write = \"reader\"",
        "{ read = \"reader\", write = \"master\", read_write = \"reader\"",
    ),
    (
        "rights_by_other_key",
        "change = \"master\" }\n[[application.file.field]]\nname = \"record\"",
        "change = \"reader\" }\n[[application.file.field]]\nname = \"record\"",
        "{ read = \"reader\", write = \"master\", read_write = \"never\", change = \"reader\"",
    ),
    (
        "rights_frozen",
        "change = \"master\" }\n[[application.file.field]]\nname = \"record\"",
        "change = \"never\" }\n[[application.file.field]]\nname = \"record\"",
        "{ read = \"reader\", write = \"master\", read_write = \"never\", change = \"never\"",
    ),
    (
        "file_empty",
        "[[application.file]]\nnumber = 2",
        "[[application.file]]\nnumber = 3\nsize = 32\nmode = \"full\"\naccess = { read = \"reader\", write = \"master\", read_write = \"never\", change = \"master\" }\n[[application.file]]\nnumber = 2",
        "number = 3",
    ),
    (
        "no_transaction_mac",
        "[[application.file]]\nnumber = 2",
        "[[application.file]]\nnumber = 3\nkind = \"value\"\nmode = \"full\"\naccess = { read = \"reader\", write = \"never\", read_write = \"master\", change = \"master\" }\nvalue = { lower = 0, upper = 9, start = 0 }\n[[application.file]]\nnumber = 2",
        "number = 3",
    ),
    (
        "no_card_record",
        "length = 128\ntype = \"card_record\"",
        "length = 4\ntype = \"bytes\"\nhex = \"00112233\"",
        "[card]",
    ),
    (
        "value_type",
        "type = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
        "type = \"text\"\nfrom = \"card.number\"",
        "name = \"number\"",
    ),
    (
        "value_long",
        "length = 4\ntype = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
        "length = 2\ntype = \"number\"\nfrom = \"card.long_number\"",
        "name = \"number\"",
    ),
    ("value_long", "number = \"card.number\"", "number = \"card.long_number\"", "name = \"number\""),
    (
        "value_long",
        "type = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
        "type = \"bits\"\nbits = \"FFFFFFFFNNNNNNNN\"\nvalues = { F = \"card.facility\", N = \"card.number\" }",
        "name = \"number\"",
    ),
    (
        "text_long",
        "length = 4\ntype = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
        "length = 16\ntype = \"text\"\nfrom = \"person.family_name\"",
        "name = \"number\"",
    ),
    ("value_unknown", "\"card.number\"", "\"card.numbre\"", "name = \"number\""),
    (
        "accept_expired",
        "by = \"Åsa Lind\"\nreason = \"GetCardUID and nothing else\"\nuntil = 2027-06-30\n[[accept]]",
        "by = \"Åsa Lind\"\nreason = \"GetCardUID and nothing else\"\nuntil = 2026-11-23\n[[accept]]",
        "finding = \"key_undiversified\"",
    ),
    ("accept_unused", "finding = \"key_unused\"", "finding = \"plain_mode\"", "finding = \"plain_mode\""),
    ("accept_unknown", "finding = \"key_unused\"", "finding = \"value_type\"", "finding = \"value_type\""),
];

#[test]
fn each_rule_finds_its_fault_at_its_line() {
    for (code, from, to, line) in CASES {
        assert_eq!(SOUND.matches(from).count().min(1), 1, "{code}: {from}");
        let text = SOUND.replacen(from, to, 1);
        let found = open(&text);
        let own: Vec<_> = found.iter().filter(|finding| finding.code == *code).collect();
        assert_eq!(own.len(), 1, "{code}: {found:#?}");
        // A table stands where its header does, an inline one where it opens.
        let at = text.find(line).unwrap_or_else(|| panic!("{code}: {line}"));
        let header = text[..at].matches('\n').count() as u32 + 1;
        assert!([header, header - 1].contains(&own[0].line), "{code}: line {} and not {header}", own[0].line);
        assert!(own[0].column >= 1 && !own[0].what.is_empty());
        // An accepted risk that is replaced, and what follows from the fault itself, may be found beside it.
        let beside: Vec<_> = found.iter().map(|finding| finding.code).filter(|other| other != code).collect();
        let expected: &[&str] = match *code {
            "random_uid_unreadable" => &["accept_unused"],
            "des_keys" => &["default_key_known", "older_messaging_on"],
            "accept_expired" => &["key_undiversified"],
            "accept_unused" | "accept_unknown" => &["key_unused"],
            _ => &[],
        };
        assert_eq!(beside, expected, "{code}");
    }
}

#[test]
fn doors_that_read_nothing_but_the_uid_are_found() {
    let (card, _) = SOUND.split_once("[[application]]").unwrap();
    let found = open(card);
    let codes: Vec<_> = found.iter().map(|finding| (finding.code, finding.severity)).collect();
    assert_eq!(codes, [("no_card_record", Severity::Note), ("uid_only", Severity::Error)]);
    let accepted = format!(
        "{card}\n[[accept]]\nfinding = \"uid_only\"\nby = \"Åsa Lind\"\nreason = \"bicycle cellar\"\nuntil = 2026-11-24\n"
    );
    assert!(open(&accepted).iter().all(|finding| finding.code != "uid_only"), "its last day counts");
    assert!(
        lint(&accepted, Date::parse("2026-11-25").unwrap())
            .iter()
            .any(|finding| finding.code == "uid_only" && finding.severity == Severity::Error)
    );
}

#[test]
fn a_chip_that_can_be_copied_is_an_error_until_somebody_takes_it_upon_themselves() {
    let chip = "[[chip]]\nkind = \"t5577\"\nanswers_as = \"em4100\"\nnumber = \"card.long_number\"\n";
    let text = format!("{SOUND}{chip}");
    let found = open(&text);
    let codes: Vec<_> = found.iter().map(|finding| (finding.code, finding.severity)).collect();
    assert_eq!(codes, [("chip_open", Severity::Warning), ("copyable", Severity::Error)]);
    assert_eq!(found[1].line as usize, text[..text.find("[[chip]]").unwrap()].matches('\n').count() + 1);
    let password = "password = { key = \"chip\", diversify = [\"uid\", \"system\"] }\n";
    assert_eq!(open(&format!("{text}{password}")).len(), 1);
    let accepted =
        "[[accept]]\nfinding = \"copyable\"\nby = \"Åsa Lind\"\nreason = \"old doors\"\nuntil = 2027-06-30\n";
    let text = format!("{text}{password}{accepted}");
    assert_eq!(open(&text), []);
    assert!(lint(&text, Date::parse("2027-07-01").unwrap()).iter().any(|finding| finding.code == "accept_expired"));
}

#[test]
fn a_segment_that_can_be_copied_is_an_error_until_somebody_takes_it_upon_themselves() {
    let segment = "[[legic]]\nstamp = \"3C2A15\"\nfamily = \"prime\"\nlength = 16\n";
    let found = open(&format!("{SOUND}{segment}"));
    let codes: Vec<_> = found.iter().map(|finding| (finding.code, finding.severity)).collect();
    assert_eq!(codes, [("legic_copyable", Severity::Error)]);
    assert_eq!(open(&format!("{SOUND}{}", segment.replace("prime", "advant"))), []);
    let accepted =
        "[[accept]]\nfinding = \"legic_copyable\"\nby = \"Åsa Lind\"\nreason = \"old doors\"\nuntil = 2027-06-30\n";
    assert_eq!(open(&format!("{SOUND}{segment}{accepted}")), []);
}

#[test]
fn every_rule_has_its_case() {
    for code in lint_codes().filter(|code| !["uid_only", "copyable", "chip_open", "legic_copyable"].contains(code)) {
        assert!(CASES.iter().any(|(of, ..)| *of == code), "{code}");
    }
}

#[test]
fn what_no_card_could_be_made_of_is_found_altogether_and_in_order() {
    let text = SOUND
        .replace("diversify = [\"uid\", \"system\"]", "diversify = [\"system\"]")
        .replace("aid = \"4C5901\"", "aid = \"0\"")
        .replace("change_keys = \"master\"", "change_keys = \"reader\"")
        .replace("length = 4", "length = 40");
    let codes: Vec<_> = open(&text).into_iter().map(|finding| (finding.code, finding.severity)).collect();
    let error = |code| (code, Severity::Error);
    assert_eq!(codes, [error("no_uid"), error("no_uid"), error("invalid"), error("change_keys"), error("outside"),]);
    let overlapping = SOUND.replace(
        "[[application.file]]\nnumber = 2",
        "[[application.file.field]]\nname = \"more\"\noffset = 3\nlength = 1\ntype = \"number\"\nconstant = 256\n[[application.file]]\nnumber = 2",
    );
    let codes: Vec<_> = open(&overlapping).into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["constant_misfit"]);
    let overlapping = overlapping.replace("constant = 256", "constant = 255");
    assert_eq!(open(&overlapping)[0].code, "overlap");
    assert_eq!(open("[[")[0].code, "unreadable");
}
