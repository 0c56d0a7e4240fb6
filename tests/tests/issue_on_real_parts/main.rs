//! A badge issued in a real house by the command line, on a real pcscd, a PIV card and an IPP printer that others wrote; and
//! what came of it, looked at with the programs of others: libfreefare, OpenSC, yubico-piv-tool, openssl, poppler.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod keys;

use std::path::Path;
use std::sync::Arc;

use lanyard_keys::{CardRecord, DiversificationInput, HouseKind, Vault};
use lanyard_store::{Mode, Store, read_slots};
use lanyard_tests::freefare::{CommMode, freefare_read};
use lanyard_tests::house::{EILEEN, PASSWORD, password, problem, program};
use lanyard_tests::programs::{fails, said, succeeds, tool, yubico};
use lanyard_tests::real_desk::{Desk, LEFT, PRINTER, RIGHT, UID};
use lanyard_virtual::{DesfireCard, KeyKind};
use serde_json::Value;

/// The application of the starter encoding, as it is written.
const AID: [u8; 3] = [0x4C, 0x59, 0x01];
const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
/// Of the band across everything that is made in rehearsal.
const BAND: [u8; 3] = [0x7A, 0x1E, 0x8C];

/// A question for a printer, as `ipptool` reads it: the jobs that it finished.
const COMPLETED: &str = "{
    OPERATION Get-Jobs
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR language attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR keyword which-jobs completed
    ATTR keyword requested-attributes job-id,job-uuid,job-name,job-state
}
";

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
}

/// The house's vault, opened beside the station as an operator's password allows.
fn vault(house: &Path) -> Vault {
    let slots = read_slots(house).unwrap();
    let opened = slots.operators().find_map(|operator| slots.open(operator, &password(PASSWORD)).ok()).unwrap();
    let store =
        Store::open(house, &opened.store_key, Mode::Read, Box::new(|_| unreachable!("nothing is made"))).unwrap();
    Vault::open(&store.view().vault().unwrap().unwrap(), &opened.vault_key, HouseKind::Real).unwrap()
}

fn is_factory_blank(card: &DesfireCard) -> bool {
    let master = card.key([0; 3], 0).unwrap();
    card.applications().is_empty() && master.kind == KeyKind::Des && master.bytes.iter().all(|byte| *byte == 0)
}

#[test]
fn a_badge_on_real_parts_is_refused_until_it_may_be_made_and_then_is_what_others_say_it_is() {
    let desk = Desk::new();
    nothing_is_begun_where_devices_are_missing_or_several_fit(&desk);
    let laid = desk.lay_card();
    let chip = desk.lay_chip();
    no_card_is_written_before_the_backup_is_proved(&desk);
    desk.prove_backup();

    let (left, right) = (format!("desfire={}", desk.reader(LEFT)), format!("piv={}", desk.reader(RIGHT)));
    let pin_file = desk.path("pin");
    let devices = ["--reader", &left, "--reader", &right, "--printer", PRINTER];
    let issue = ["issue", EILEEN, "--identified", "identity_card", "--pin-file", &pin_file];
    let issued = desk.answer(&[&issue[..], &devices].concat());
    assert_eq!(text(&issued, "/case/state"), "done");
    assert_eq!(issued["pin"], Value::Null, "the PIN is in its file and nowhere else");
    let (card, number) = (text(&issued, "/case/card/id"), text(&issued, "/case/card/number"));

    let read = desk.answer(&["card", "read", "--reader", &desk.reader(LEFT)]);
    laid.lift();
    an_independent_host_reads_the_same_from_the_card(&desk, &read, card);
    the_chip_holds_what_the_ca_certified_and_no_default_opens_it(&desk, number, &pin_file);
    drop(chip);
    the_printer_got_a_card_of_two_sides_and_said_that_it_printed_it(&desk, card, number);
    the_history_holds_in_the_hands_of_an_outsider(&desk);
}

fn nothing_is_begun_where_devices_are_missing_or_several_fit(desk: &Desk) {
    let refused = problem(&desk.lanyard(&["issue", EILEEN]));
    assert_eq!((text(&refused, "/code"), text(&refused, "/details/what")), ("device.none", "printer"));
    desk.add_printer();
    // Two readers and nothing on them.
    let refused = problem(&desk.lanyard(&["issue", EILEEN]));
    assert_eq!((text(&refused, "/code"), text(&refused, "/details/what")), ("device.which", "desfire"));
    let names = text(&refused, "/details/names");
    assert!(names.contains(&desk.reader(LEFT)) && names.contains(&desk.reader(RIGHT)), "{names}");
    let unknown = problem(&desk.lanyard(&["issue", EILEEN, "--reader", "desfire=No such reader"]));
    assert!(text(&unknown, "/details/value").contains(&desk.reader(LEFT)), "{unknown:#}");
    let person = desk.answer(&["person", "show", EILEEN]);
    assert_eq!(person["cards"], Value::Array(Vec::new()));
    assert_eq!(person["case"], Value::Null, "a refusal that changed something");
}

fn no_card_is_written_before_the_backup_is_proved(desk: &Desk) {
    // Without names: on each reader lies what belongs there.
    let refused = problem(&desk.lanyard(&["issue", EILEEN]));
    assert_eq!(text(&refused, "/code"), "encoding.key.unproved", "{refused:#}");
    assert!(is_factory_blank(&desk.card.lock().unwrap()), "the card was touched");
    succeeds("yubico-piv-tool", &yubico(&["-a", "verify-pin", "-P", "123456"]));
    assert!(desk.printer.spooled().unwrap().is_empty());
}

/// As a door's reader would: with its key alone, from the office's master key, by AN10922.
fn an_independent_host_reads_the_same_from_the_card(desk: &Desk, read: &Value, card: &str) {
    let vault = vault(&desk.home.house(false));
    let mut wire = AID;
    wire.reverse();
    let input = DiversificationInput::of_card(&UID, &wire, b"lanyard").unwrap();
    let key = vault.diversify(&vault.newest("app-reader").unwrap(), &input).unwrap();
    let file = |number, mode, length| {
        hex::encode(freefare_read(Arc::clone(&desk.card), AID, 1, key.expose(), number, mode, length).unwrap())
    };
    assert_eq!(text(read, "/uid"), hex::encode(UID));
    let (numbers, record) = (file(1, CommMode::Full, 32), file(2, CommMode::Mac, 128));
    assert_eq!(text(read, "/applications/0/files/0/data"), numbers);
    assert_eq!(text(read, "/applications/0/files/1/data"), record);
    // Not what a card has that nobody wrote to.
    assert!(numbers.bytes().any(|digit| digit != b'0'));
    let record = CardRecord::check(&hex::decode(record).unwrap(), &vault.card_record_public(), &UID).unwrap();
    assert_eq!(record.card.to_string(), card);

    let wrong = freefare_read(Arc::clone(&desk.card), AID, 1, &[0; 16], 1, CommMode::Full, 32);
    assert!(wrong.unwrap_err().to_string().contains("auth"), "the reader's key is still the one of the factory");
    let master = desk.card.lock().unwrap().key([0; 3], 0).unwrap();
    assert!(master.kind == KeyKind::Aes && master.bytes.iter().any(|byte| *byte != 0));
}

fn the_chip_holds_what_the_ca_certified_and_no_default_opens_it(desk: &Desk, number: &str, pin_file: &str) {
    let path = |name: &str| desk.path(name);
    let pem = |arguments: &[&str], name: &str| {
        let pem = desk.answer(&[&["card", "certificate", number][..], arguments].concat());
        std::fs::write(path(name), pem.as_str().unwrap()).unwrap();
    };
    pem(&[], "certificate.pem");
    pem(&["--ca"], "ca.pem");
    succeeds("openssl", &["verify", "-x509_strict", "-CAfile", &path("ca.pem"), &path("certificate.pem")]);
    let subject =
        succeeds("openssl", &["x509", "-noout", "-subject", "-nameopt", "utf8", "-in", &path("certificate.pem")]);
    assert!(subject.contains("Eileen Möllerström"), "{subject}");

    let der = |name: &str| tool("openssl", &["x509", "-outform", "DER", "-in", &path(name)]).stdout;
    succeeds("yubico-piv-tool", &yubico(&["-a", "read-certificate", "-s", "9a", "-o", &path("on-chip.pem")]));
    assert!(!der("on-chip.pem").is_empty());
    assert_eq!(der("on-chip.pem"), der("certificate.pem"));

    // The tries that proving the defaults refused has cost were given back.
    let status = succeeds("yubico-piv-tool", &yubico(&["-a", "status"]));
    assert!(status.contains("PIN tries left:\t3"), "{status}");

    // The PIN that was handed over, in the hands of a program that knows nothing of us.
    let pin = std::fs::read_to_string(pin_file).unwrap();
    assert!(pin.len() == 6 && pin.bytes().all(|digit| digit.is_ascii_digit()));
    std::fs::write(path("message"), "I am who I say I am").unwrap();
    let digest = succeeds("openssl", &["dgst", "-sha256", "-r", &path("message")]);
    std::fs::write(path("digest"), hex::decode(&digest[..64]).unwrap()).unwrap();
    let (digest, signature) = (path("digest"), path("signature"));
    let sign = ["--sign", "--mechanism", "ECDSA", "--signature-format", "openssl", "--id", "01"];
    let files = ["--login", "--pin", &pin, "--input-file", &digest, "--output-file", &signature];
    succeeds("pkcs11-tool", &[&["--module", OPENSC][..], &sign, &files].concat());
    let public = succeeds("openssl", &["x509", "-noout", "-pubkey", "-in", &path("certificate.pem")]);
    std::fs::write(path("public.pem"), public).unwrap();
    let check = ["-verify", &path("public.pem"), "-signature", &signature, &path("message")];
    succeeds("openssl", &[&["dgst", "-sha256"][..], &check].concat());

    fails("yubico-piv-tool", &yubico(&["-a", "verify-pin", "-P", "123456"]));
    fails("yubico-piv-tool", &yubico(&["-a", "change-puk", "-P", "12345678", "-N", "87654321"]));
    fails("yubico-piv-tool", &yubico(&["-a", "set-ccc"]));
    succeeds("yubico-piv-tool", &yubico(&["-a", "verify-pin", "-P", &pin]));
}

/// Pixels of the rehearsal's band on the pages of a PDF, rendered by poppler.
fn band_pixels(pdf: &Path, into: &Path) -> usize {
    let prefix = into.join("page").display().to_string();
    succeeds("pdftoppm", &["-r", "100", &pdf.display().to_string(), &prefix]);
    let pages: Vec<_> = ["1", "2"].map(|n| std::fs::read(format!("{prefix}-{n}.ppm")).unwrap()).into();
    pages
        .iter()
        // The header is short, and no multiple of three matters to a count of runs.
        .map(|ppm| (0..3).map(|at| ppm[at..].chunks_exact(3).filter(|p| *p == BAND).count()).max().unwrap())
        .sum()
}

fn the_printer_got_a_card_of_two_sides_and_said_that_it_printed_it(desk: &Desk, card: &str, number: &str) {
    let jobs = desk.printer.spooled().unwrap();
    let [pdf] = jobs.as_slice() else { panic!("{jobs:?}") };
    let pdf_text = pdf.display().to_string();
    let info = succeeds("pdfinfo", &["-f", "1", "-l", "2", &pdf_text]);
    let pages: Vec<&str> = info.lines().filter(|line| line.contains("size:") && line.starts_with("Page ")).collect();
    assert!(info.lines().any(|line| line.starts_with("Pages:") && line.ends_with(" 2")), "{info}");
    // ISO/IEC 7810 ID-1: 85.60 × 53.98 mm are 242.6 × 153.0 points.
    assert!(pages.len() == 2 && pages.iter().all(|page| page.contains("242.6") && page.contains(" x 153.0")), "{info}");
    assert!(info.contains(number), "{info}");

    let rehearsed = desk.folder.path().join("rehearsed");
    succeeds(&program("lanyard").display().to_string(), &["rehearse", "--demo", &rehearsed.display().to_string()]);
    assert!(band_pixels(&rehearsed.join("card.pdf"), desk.folder.path()) > 1000, "the band is not to be seen at all");
    assert_eq!(band_pixels(pdf, desk.folder.path()), 0, "REHEARSAL on a real card");

    // The printer is asked itself: which jobs did it finish?
    let question = desk.path("completed.test");
    std::fs::write(&question, COMPLETED).unwrap();
    let jobs = succeeds("ipptool", &["-tv", &desk.printer.uri(), &question]);
    let history = desk.answer(&["history", "show", "card", card]);
    let entries = history["entries"].as_array().unwrap();
    let printed = entries.iter().find(|entry| entry["what"] == "card.printed").expect("printed, by the printer's word");
    let field = |name: &str| {
        let fields = printed["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).and_then(|field| field["value"].as_str()).unwrap().to_owned()
    };
    assert_eq!(field("printer"), PRINTER);
    let job = field("job");
    let (id, uuid) = job.split_once(' ').unwrap_or((&job, ""));
    assert!(jobs.contains(&format!("job-id (integer) = {id}\n")), "{job}: {jobs}");
    assert!(uuid.is_empty() || jobs.contains(uuid), "{job}: {jobs}");
    assert!(jobs.contains(&format!("{number}/")), "{jobs}");
}

fn the_history_holds_in_the_hands_of_an_outsider(desk: &Desk) {
    let bundle = desk.path("history.zip");
    let ours = desk.answer(&["history", "export", &bundle, "--openings"]);
    assert_eq!(ours["holds"], true);
    let verify = tool(&program("lanyard-verify").display().to_string(), &["--json", &bundle]);
    assert_eq!(verify.status.code(), Some(0), "{}", said(&verify));
    let verdict: Value = serde_json::from_slice(&verify.stdout).unwrap();
    assert_eq!(text(&verdict, "/verdict"), "holds");
    assert_eq!(text(&verdict, "/fingerprint"), text(&ours, "/root"));
    assert_eq!(verdict["counts"]["withheld"], 0);
}
