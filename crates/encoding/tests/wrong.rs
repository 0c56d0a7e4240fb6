//! A description that is wrong in each of its fields: refused at the value's line and column, with the field's name; and
//! the schema for editors refuses all of it that structure alone can show.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use lanyard_encoding::{Encoding, EncodingError};
use serde_json::Value;

/// Every word of the form, once right.
const RIGHT: &str = r#"
lanyard_encoding = 1
id = "right"
system = "lanyard"
names = { en = "R", fr = "J", de = "W", sv = "S" }

[card]
family = "ev2"
free_bytes = 2048
random_uid = false
format_off = false
only_ev2 = false
stock = true
originality = "required"
master_key = { key = "card-master", diversify = ["uid", "system"] }
transport_key = { key = "card-transport" }
default_key = { key = "card-default", diversify = ["uid"] }
settings = { settings_changeable = true, list_free = false, create_free = false }

[[application]]
aid = "4C5901"
names = { en = "A", fr = "B", de = "C", sv = "D" }
iso = { file_id = 0xE100, name = "lanyard" }
settings = { master_changeable = true, settings_changeable = true, list_free = false, create_free = false, change_keys = "master" }
key = [
  { number = 0, role = "master", key = "app-master", diversify = ["uid", "aid"] },
  { number = 1, role = "reader", key = "app-reader", diversify = ["uid", "key_number"] },
]

[[application.file]]
number = 1
kind = "backup"
iso_file_id = 0xE101
size = 200
mode = "full"
fill = 0
access = { read = "reader", write = "master", read_write = "never", change = "master" }
field = [
  { name = "text", offset = 0, length = 20, type = "text", from = "person.given_name", charset = "utf-8", align = "left", fill = 32 },
  { name = "count", offset = 20, length = 4, type = "number", constant = 7, coding = "bcd_little" },
  { name = "until", offset = 24, length = 4, type = "date", from = "card.valid_until", form = "yyyymmdd", coding = "bcd" },
  { name = "raw", offset = 28, length = 2, type = "bytes", hex = "0A0B" },
  { name = "w26", offset = 30, length = 4, type = "wiegand26", facility = "card.facility", number = "card.number", align = "right", coding = "big" },
  { name = "w37", offset = 34, length = 5, type = "wiegand37_long", number = 77 },
  { name = "own", offset = 39, length = 1, type = "bits", bits = "1FNNP000", parity = [{ bit = 4, is = "even", over = ".XXX...." }], values = { F = 1, N = "card.number" } },
  { name = "record", offset = 64, length = 128, type = "card_record" },
]

[[application.file]]
number = 2
kind = "value"
mode = "full"
access = { read = "reader", write = "never", read_write = "never", change = "master" }
value = { lower = -10, upper = 500, start = 20, limited_credit = false, free = false }

[[application.file]]
number = 3
kind = "cyclic"
iso_file_id = 0xE103
size = 16
records = 5
mode = "mac"
access = { read = "reader", write = "master", read_write = "never", change = "master" }

[[application.file]]
number = 4
kind = "transaction_mac"
mode = "mac"
access = { read = "reader", write = "never", read_write = "never", change = "master" }
key = { key = "app-mac", diversify = ["uid"] }

[[chip]]
kind = "t5577"
answers_as = "em4100"
number = 77777
password = { key = "chip-password", diversify = ["uid"] }

[[legic]]
stamp = "3C2A15"
family = "prime"
length = 32
fill = 0
field = [{ name = "door", offset = 8, length = 4, type = "number", from = "card.long_number" }]

[[accept]]
finding = "random_uid_off"
at = "card"
by = "Åsa Lind"
reason = "readers cannot"
until = 2027-06-30
"#;

struct Case {
    /// The field, as the error names it.
    field: &'static str,
    from: &'static str,
    to: &'static str,
    /// Where the error points: a piece of `to`, or of the text.
    at: &'static str,
    /// Whether the schema sees it.
    structural: bool,
}

const fn case(field: &'static str, from: &'static str, to: &'static str, at: &'static str) -> Case {
    Case { field, from, to, at, structural: true }
}

/// What takes more than structure: other fields, lengths of bytes, files.
const fn meaning(field: &'static str, from: &'static str, to: &'static str, at: &'static str) -> Case {
    Case { field, from, to, at, structural: false }
}

const CASES: &[Case] = &[
    case("lanyard_encoding", "lanyard_encoding = 1", "lanyard_encoding = 2", "2\n"),
    case("lanyard_encoding", "lanyard_encoding = 1", "lanyard_encoding = \"1\"", "\"1\""),
    case("id", "id = \"right\"", "id = \"Right!\"", "\"Right!\""),
    case("system", "system = \"lanyard\"", "system = \"longer than sixteen\"", "\"longer than"),
    case("en", "en = \"R\"", "en = \" \"", "\" \""),
    case("sv", ", sv = \"S\"", "", "{ en = \"R\""),
    case("fr", "fr = \"B\"", "fr = \"\"", "\"\""),
    case("family", "family = \"ev2\"", "family = \"ev4\"", "\"ev4\""),
    case(
        "only_ev2",
        "family = \"ev2\"\nfree_bytes = 2048\nrandom_uid = false\nformat_off = false\nonly_ev2 = false",
        "family = \"ev1\"\nonly_ev2 = true",
        "true",
    ),
    case("free_bytes", "free_bytes = 2048", "free_bytes = -1", "-1"),
    case("random_uid", "random_uid = false", "random_uid = 0", "0\n"),
    case("format_off", "format_off = false", "format_off = \"no\"", "\"no\""),
    case("stock", "stock = true", "stock = \"box 7\"", "\"box 7\""),
    case("originality", "originality = \"required\"", "originality = true", "true\nmaster"),
    case("key", "key = \"card-master\"", "key = \"Card master\"", "\"Card master\""),
    case("diversify", "diversify = [\"uid\", \"system\"]", "diversify = [\"system\"]", "[\"system\"]"),
    meaning("diversify", "system = \"lanyard\"\n", "", "[\"uid\", \"system\"]"),
    meaning(
        "diversify",
        "[\"uid\", \"system\"]",
        "[\"uid\", \"uid\", \"uid\", \"uid\", \"uid\"]",
        "[\"uid\", \"uid\", \"uid\"",
    ),
    case("key", "{ key = \"card-transport\" }", "{ key = \"\" }", "\"\""),
    case(
        "diversify",
        "key = \"card-default\", diversify = [\"uid\"]",
        "key = \"card-default\", diversify = [\"aid\"]",
        "[\"aid\"]",
    ),
    case(
        "list_free",
        "settings = { settings_changeable = true, list_free = false",
        "settings = { settings_changeable = true, list_free = 1",
        "1, create",
    ),
    case("aid", "aid = \"4C5901\"", "aid = \"000000\"", "\"000000\""),
    case("aid", "aid = \"4C5901\"", "aid = \"4C59\"", "\"4C59\""),
    case("cipher", "aid = \"4C5901\"", "aid = \"4C5901\"\ncipher = \"3des\"", "\"3des\""),
    meaning("cipher", "aid = \"4C5901\"", "aid = \"4C5901\"\ncipher = \"2k3des\"", "\"2k3des\""),
    case("file_id", "file_id = 0xE100", "file_id = 0x3F00", "0x3F00"),
    case("name", "name = \"lanyard\"", "name = \"longer than sixteen\"", "\"longer than"),
    case("iso_file_id", "iso_file_id = 0xE101\n", "", "1\nkind"),
    case("iso_file_id", "iso = { file_id = 0xE100, name = \"lanyard\" }\n", "", "0xE101"),
    case("master_changeable", "master_changeable = true", "master_changeable = false", "false"),
    case("change_keys", "change_keys = \"master\"", "change_keys = \"frozen\"", "\"frozen\""),
    meaning("change_keys", "change_keys = \"master\"", "change_keys = \"reader\"", "\"reader\" }"),
    meaning("number", "number = 1, role", "number = 2, role", "2, role"),
    case("number", "number = 1, role", "number = 14, role", "14, role"),
    case("role", "role = \"reader\"", "role = \"free\"", "\"free\""),
    meaning("role", "role = \"reader\"", "role = \"master\"", "\"master\", key = \"app-reader\""),
    case("key", "key = \"app-reader\"", "key = \"App\"", "\"App\""),
    case("diversify", "[\"uid\", \"key_number\"]", "[\"key_number\"]", "[\"key_number\"]"),
    case("number", "number = 1\nkind", "number = 32\nkind", "32"),
    case("kind", "kind = \"backup\"", "kind = \"ring\"", "\"ring\""),
    case("size", "kind = \"value\"", "kind = \"value\"\nsize = 4", "4\nmode"),
    case("size", "size = 16\n", "", "[[application.file]]\nnumber = 3"),
    case("records", "records = 5\n", "", "[[application.file]]\nnumber = 3"),
    case("records", "records = 5", "records = 1", "1\nmode"),
    meaning("records", "records = 5", "records = 2049", "2049"),
    case("records", "size = 200", "size = 200\nrecords = 5", "5\nmode"),
    case(
        "value",
        "value = { lower = -10, upper = 500, start = 20, limited_credit = false, free = false }\n",
        "",
        "[[application.file]]\nnumber = 2",
    ),
    case("value", "records = 5", "records = 5\nvalue = { lower = 0, upper = 1, start = 0 }", "{ lower = 0"),
    case("lower", "lower = -10", "lower = -2147483649", "-2147483649"),
    meaning("upper", "upper = 500", "upper = -11", "-11"),
    meaning("start", "start = 20", "start = 501", "501"),
    case("limited_credit", "limited_credit = false", "limited_credit = 0", "0, free"),
    case("free", "credit = false, free = false", "credit = false, free = 0", "0 }"),
    case(
        "read",
        "read = \"reader\", write = \"never\", read_write = \"never\", change = \"master\" }\nvalue",
        "read = \"free\", write = \"never\", read_write = \"never\", change = \"master\" }\nvalue",
        "\"free\"",
    ),
    case(
        "field",
        "kind = \"transaction_mac\"",
        "kind = \"transaction_mac\"\nfield = [{ name = \"a\", offset = 0, length = 1, type = \"number\", constant = 1 }]",
        "{ name = \"a\"",
    ),
    case("iso_file_id", "kind = \"transaction_mac\"", "kind = \"transaction_mac\"\niso_file_id = 0xE104", "0xE104"),
    case("key", "key = { key = \"app-mac\", diversify = [\"uid\"] }\n", "", "[[application.file]]\nnumber = 4"),
    case("key", "key = \"app-mac\"", "key = \"App\"", "\"App\""),
    case(
        "diversify",
        "key = \"app-mac\", diversify = [\"uid\"]",
        "key = \"app-mac\", diversify = [\"aid\"]",
        "[\"aid\"]",
    ),
    case(
        "write",
        "write = \"never\", read_write = \"never\", change = \"master\" }\nkey",
        "write = \"master\", read_write = \"never\", change = \"master\" }\nkey",
        "\"master\", read_write",
    ),
    meaning(
        "kind",
        "kind = \"transaction_mac\"",
        "kind = \"transaction_mac\"\nmode = \"mac\"\naccess = { read = \"reader\", write = \"never\", read_write = \"never\", change = \"master\" }\nkey = { key = \"app-mac\" }\n[[application.file]]\nnumber = 5\nkind = \"transaction_mac\"",
        "\"transaction_mac\"\nmode = \"mac\"\naccess = { read = \"reader\", write = \"never\", read_write = \"never\", change = \"master\" }\nkey = { key = \"app-mac\", div",
    ),
    meaning("kind", "family = \"ev2\"\n", "family = \"ev1\"\n", "\"transaction_mac\""),
    case("size", "size = 200", "size = 0", "0\nmode"),
    case("mode", "mode = \"full\"", "mode = \"fuller\"", "\"fuller\""),
    case("fill", "fill = 0\n", "fill = 256\n", "256"),
    case("read", "read = \"reader\"", "read = \"free\"", "\"free\""),
    case("read", "read = \"reader\"", "read = \"never\"", "\"never\""),
    meaning("read", "read = \"reader\"", "read = \"opener\"", "\"opener\""),
    case("write", "write = \"master\"", "write = \"free\"", "\"free\""),
    case("write", "write = \"master\"", "write = \"never\"", "\"never\""),
    case("read_write", "read_write = \"never\"", "read_write = \"free\"", "\"free\""),
    case("change", "change = \"master\"", "change = \"free\"", "\"free\""),
    case("name", "name = \"text\"", "name = \"The text\"", "\"The text\""),
    meaning("name", "name = \"count\"", "name = \"text\"", "\"text\", offset = 20"),
    meaning("offset", "offset = 20", "offset = 19", "19"),
    meaning("offset", "offset = 20", "offset = 4000", "4000"),
    case("length", "length = 128", "length = 137", "137"),
    case("length", "length = 4, type = \"number\"", "length = 0, type = \"number\"", "0, type"),
    case("type", "type = \"number\"", "type = \"float\"", "\"float\""),
    case("from", "from = \"person.given_name\"", "from = \"given name\"", "\"given name\""),
    case("constant", "from = \"person.given_name\"", "constant = 7", "7, charset"),
    case("constant", "constant = 7", "constant = \"7\"", "\"7\""),
    meaning("constant", "constant = 7", "constant = 100000000", "100000000"),
    case("constant", "constant = 7", "constant = -7", "-7"),
    case("coding", "coding = \"bcd_little\"", "coding = \"utf-8\"", "\"utf-8\" },\n  { name = \"until\""),
    case("charset", "charset = \"utf-8\"", "charset = \"utf-16\"", "\"utf-16\""),
    case("align", "align = \"left\"", "align = \"middle\"", "\"middle\""),
    case("fill", "fill = 32", "fill = \" \"", "\" \""),
    case("fill", "coding = \"bcd_little\"", "fill = 32", "32 },\n  { name = \"until\""),
    case("form", "form = \"yyyymmdd\"", "form = \"yyyy\"", "\"yyyy\""),
    meaning("length", "form = \"yyyymmdd\"", "form = \"yymmdd\"", "4, type = \"date\""),
    meaning(
        "coding",
        "form = \"yyyymmdd\", coding = \"bcd\"",
        "form = \"yyyymmdd\", coding = \"big\"",
        "\"big\" },\n  { name = \"raw\"",
    ),
    case("hex", "hex = \"0A0B\"", "hex = \"0A0\"", "\"0A0\""),
    meaning("hex", "hex = \"0A0B\"", "hex = \"0A\"", "\"0A\""),
    case("facility", "facility = \"card.facility\"", "facility = \"facility\"", "\"facility\""),
    meaning("facility", "facility = \"card.facility\", number = \"card.number\"", "facility = 256, number = 1", "256"),
    case("facility", "number = 77", "number = 77, facility = 1", "1 },\n  { name = \"own\""),
    case("number", "number = 77", "number = \"seventy\"", "\"seventy\""),
    case("coding", "coding = \"big\"", "coding = \"bcd\"", "\"bcd\" },\n  { name = \"w37\""),
    case(
        "length",
        "length = 5, type = \"wiegand37_long\"",
        "length = 4, type = \"wiegand37_long\"",
        "4, type = \"wiegand37_long\"",
    ),
    case("bits", "bits = \"1FNNP000\"", "bits = \"1fNNP000\"", "\"1fNNP000\""),
    meaning("bits", "bits = \"1FNNP000\"", "bits = \"1FNNPP00\"", "\"1FNNPP00\""),
    meaning("bits", "over = \".XXX....\"", "over = \".XXXX...\"", "\"1FNNP000\""),
    case("parity", "parity = [{ bit = 4, is = \"even\", over = \".XXX....\" }]", "parity = 4", "4, values"),
    meaning("values", "values = { F = 1, N = \"card.number\" }", "values = { F = 1 }", "{ F = 1 }"),
    case("values", "values = { F = 1, N = \"card.number\" }", "values = { F = 1, N = \"number\" }", "\"number\" }"),
    meaning("values", "values = { F = 1, N = \"card.number\" }", "values = { F = 2, N = 1 }", "{ F = 2"),
    case("length", "length = 128", "length = 127", "127"),
    case("kind", "kind = \"t5577\"", "kind = \"t5567\"", "\"t5567\""),
    case("answers_as", "answers_as = \"em4100\"", "answers_as = \"em4102\"", "\"em4102\""),
    case(
        "answers_as",
        "kind = \"t5577\"\nanswers_as = \"em4100\"",
        "kind = \"em4305\"\nanswers_as = \"wiegand26\"\nfacility = 1",
        "\"wiegand26\"\nfacility",
    ),
    case("facility", "answers_as = \"em4100\"", "answers_as = \"em4100\"\nfacility = 1", "1\nnumber"),
    case("number", "number = 77777", "number = \"number\"", "\"number\""),
    case("number", "number = 77777", "number = 1099511627776", "1099511627776"),
    meaning("number", "answers_as = \"em4100\"", "answers_as = \"wiegand26\"\nfacility = 1", "77777"),
    case("key", "key = \"chip-password\"", "key = \"Chip\"", "\"Chip\""),
    case("stamp", "stamp = \"3C2A15\"", "stamp = \"3C2A1\"", "\"3C2A1\""),
    case("stamp", "stamp = \"3C2A15\"", "stamp = \"\"", "\"\""),
    meaning(
        "stamp",
        "stamp = \"3C2A15\"",
        "stamp = \"3C2A\"\nfamily = \"prime\"\nlength = 8\n[[legic]]\nstamp = \"3C2A15\"",
        "\"3C2A15\"",
    ),
    case("family", "family = \"prime\"", "family = \"premium\"", "\"premium\""),
    case("length", "length = 32\nfill", "length = 1025\nfill", "1025"),
    meaning("length", "length = 32\nfill", "length = 2\nfill", "2\nfill"),
    case("fill", "fill = 0\nfield = [{ name = \"door\"", "fill = -1\nfield = [{ name = \"door\"", "-1"),
    meaning(
        "offset",
        "offset = 8, length = 4, type = \"number\", from",
        "offset = 2, length = 4, type = \"number\", from",
        "2, length",
    ),
    meaning(
        "length",
        "offset = 8, length = 4, type = \"number\", from",
        "offset = 30, length = 4, type = \"number\", from",
        "4, type = \"number\", from",
    ),
    case("finding", "finding = \"random_uid_off\"", "finding = \"Random UID\"", "\"Random UID\""),
    case("by", "by = \"Åsa Lind\"", "by = \"\"", "\"\""),
    case("reason", "reason = \"readers cannot\"", "reason = \" \"", "\" \""),
    case("until", "until = 2027-06-30", "until = 2027-06-30T12:00:00", "2027-06-30T"),
    case("until", "until = 2027-06-30", "until = \"soon\"", "\"soon\""),
];

#[test]
fn each_field_that_is_wrong_is_named_with_its_line_and_column() {
    assert!(Encoding::parse(RIGHT).is_ok(), "{:?}", Encoding::parse(RIGHT));
    for Case { field, from, to, at, .. } in CASES {
        assert!(RIGHT.contains(from), "{from}");
        let text = RIGHT.replacen(from, to, 1);
        let error = Encoding::parse(&text).expect_err(to);
        let (named, line, column) = match &error {
            EncodingError::Invalid { at, line, column, .. } => (at.clone(), *line, *column),
            EncodingError::Unreadable { key, line, column, .. } => (key.clone(), *line, *column),
            other => panic!("{to}: {other:?}"),
        };
        // The piece is looked for behind the place of the change, or in the whole text.
        let begin = RIGHT.find(from).unwrap();
        let found = text[begin..].find(at).map(|found| begin + found).or_else(|| text.find(at));
        let found = found.unwrap_or_else(|| panic!("{to}: {at}"));
        let before = &text[..found];
        let expected =
            (before.matches('\n').count() as u32 + 1, before.rsplit('\n').next().unwrap().chars().count() as u32 + 1);
        let last = named.rsplit(", ").next().unwrap();
        assert_eq!((last, (line, column)), (*field, expected), "{to}: {error}");
    }
}

/// As an editor sees it: a day is a text to a schema.
fn as_json(text: &str) -> Option<Value> {
    fn plain(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(day) => Value::String(day.to_string()),
            toml::Value::Array(items) => items.into_iter().map(plain).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, plain(value))).collect(),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    text.parse::<toml::Table>().ok().map(|table| plain(toml::Value::Table(table)))
}

#[test]
fn the_schema_takes_every_encoding_that_ships_and_refuses_what_structure_shows_to_be_wrong() {
    let schema = include_str!("../../../assets/encodings/encoding.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/encodings");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut texts: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(texts.len() >= 4);
    texts.push(RIGHT.to_owned());
    for text in texts {
        let json = as_json(&text).unwrap();
        let wrong: Vec<_> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    for Case { from, to, structural, .. } in CASES {
        let json = as_json(&RIGHT.replacen(from, to, 1)).unwrap();
        assert_eq!(schema.is_valid(&json), !structural, "{to}");
    }
    assert!(CASES.iter().filter(|case| case.structural).count() > 50);
}
