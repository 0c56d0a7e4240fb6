//! Keys by the command line, the whole way: put together by two people, in a token that others wrote, backed up to shares,
//! proved, used for a card, limited, and named when the station is stolen. What is typed wrongly changes nothing, and no
//! secret is ever printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use lanyard_keys::{DiversificationInput, HouseKind, KeyRef, MasterKey, Vault};
use lanyard_model::{Id, UnixMs};
use lanyard_tests::freefare::{CommMode, freefare_read};
use lanyard_tests::house::{Contents, EILEEN, PASSWORD, program};
use lanyard_tests::programs::{said, succeeds};
use lanyard_tests::real_desk::{Desk, LEFT, PRINTER, RIGHT, UID};
use serde_json::Value;

use super::{AID, is_factory_blank, text};

const PIN: &str = "27182818284590";
const WRONG_PIN: &str = "16180339887498";

/// A desk, tokens, and everything that was ever said there.
struct Ceremony {
    desk: Desk,
    heard: std::cell::RefCell<String>,
}

impl Ceremony {
    fn new() -> Self {
        let desk = Desk::new();
        std::fs::create_dir(desk.path("tokens")).unwrap();
        let conf = format!("directories.tokendir = {}\nobjectstore.backend = file\n", desk.path("tokens"));
        for (name, text) in [
            ("softhsm2.conf", conf.as_str()),
            ("pin", PIN),
            ("wrong-pin", WRONG_PIN),
            ("jonas", PASSWORD),
            ("wrong", "not his password"),
        ] {
            std::fs::write(desk.path(name), text).unwrap();
        }
        let this = Self { desk, heard: std::cell::RefCell::default() };
        for label in ["safe", "desk"] {
            let made = Command::new("softhsm2-util")
                .args(["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926"])
                .env("SOFTHSM2_CONF", this.desk.path("softhsm2.conf"))
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", said(&made));
        }
        this
    }

    /// `lanyard`, as somebody, with the tokens in reach.
    fn run(&self, login: &str, arguments: &[&str]) -> Output {
        let output = Command::new(program("lanyard"))
            .args(["--json", "--home", &self.desk.home.path().display().to_string(), "--operator", login])
            .args(["--passphrase-file", &self.desk.path("jonas")])
            .args(arguments)
            .env("SOFTHSM2_CONF", self.desk.path("softhsm2.conf"))
            .output()
            .unwrap();
        *self.heard.borrow_mut() += &said(&output);
        output
    }

    fn answer(&self, arguments: &[&str]) -> Value {
        let output = self.run("ana", arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Refused with this code, and no row of the house's store is another.
    fn refused(&self, code: &str, arguments: &[&str]) -> Value {
        let house = self.desk.home.house(false);
        let before = Contents::of(&house, PASSWORD);
        let output = self.run("ana", arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
        let problem: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(text(&problem, "/code"), code, "{arguments:?}: {problem:#}");
        let after = Contents::of(&house, PASSWORD);
        assert_eq!(before.count("record"), after.count("record"), "{arguments:?}");
        // Signing in and closing are entries of their own; what the house has and goes by is as it was.
        let mut changed = before.changed(&after);
        changed
            .retain(|(table, ..)| ["vault", "setting", "puk", "journal", "number", "link"].contains(&table.as_str()));
        assert_eq!(changed, vec![], "{arguments:?}");
        problem
    }

    fn key<'a>(list: &'a Value, name: &str, version: u64) -> &'a Value {
        let keys = list["keys"].as_array().unwrap();
        keys.iter().find(|key| key["name"] == name && key["version"] == version).unwrap_or_else(|| panic!("{list:#}"))
    }

    fn serial(&self, label: &str) -> String {
        let listed = Command::new("softhsm2-util")
            .arg("--show-slots")
            .env("SOFTHSM2_CONF", self.desk.path("softhsm2.conf"))
            .output()
            .unwrap();
        let listed = said(&listed);
        let slot = listed
            .split("Slot ")
            .find(|slot| slot.lines().any(|line| line.trim() == format!("Label:            {label}")));
        let slot = slot.unwrap_or_else(|| panic!("no {label}: {listed}"));
        let line = slot.lines().find(|line| line.trim().starts_with("Serial number:")).unwrap();
        line.trim().trim_start_matches("Serial number:").trim().to_owned()
    }
}

fn module() -> String {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"].map(PathBuf::from);
    places.into_iter().find(|place| place.exists()).expect("softhsm2 is installed").display().to_string()
}

/// The sum of two printed components, without a line of the code that makes it.
fn sum(files: [&str; 2]) -> MasterKey {
    let [a, b] = files.map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        hex::decode(text.split('/').next().unwrap().replace(' ', "")).unwrap()
    });
    MasterKey::from_slice(&a.iter().zip(&b).map(|(a, b)| a ^ b).collect::<Vec<u8>>()).unwrap()
}

#[test]
fn a_key_of_two_peoples_components_in_a_token_writes_one_card_and_no_more_than_the_limit_allows() {
    let ceremony = Ceremony::new();
    let desk = &ceremony.desk;
    desk.add_printer();
    desk.prove_backup();
    let path = |name: &str| desk.path(name);
    let (ours, theirs, mistyped) = (path("ana.component"), path("jonas.component"), path("mistyped"));
    let (module, wrong, jonas) = (module(), path("wrong"), path("jonas"));
    let (at_desk, in_safe) = (ceremony.serial("desk"), ceremony.serial("safe"));
    let witness = ["--witness", "jonas", "--witness-password-file", &jonas];
    let token = ["--token-module", &module, "--token-serial", &at_desk, "--token-pin-file", &path("pin")];
    let safe = ["--token-module", &module, "--token-serial", &in_safe, "--token-pin-file", &path("pin")];
    let components = ["--component", &ours, "--component", &theirs];
    let import = ["keys", "import", "app-reader"];

    // Nobody may who was not given the right, and nobody gives it to themselves.
    ceremony.refused("policy.right", &["keys", "create", "app-reader"]);
    let allow = ["operator", "allow", "ana", "keys.manage"];
    ceremony.refused("policy.right.own", &allow);
    assert!(ceremony.run("jonas", &allow).status.success());

    // The ceremony, and all that goes wrong at it.
    for file in [&ours, &theirs] {
        assert!(ceremony.run("ana", &["keys", "component", file]).status.success());
    }
    let component = std::fs::read_to_string(&ours).unwrap();
    let (key, _) = component.split_once('/').unwrap();
    std::fs::write(&mistyped, format!("{key}/ 000000")).unwrap();
    ceremony.refused(
        "keys.component.typo",
        &[&import[..], &["--component", &mistyped, "--component", &theirs], &witness].concat(),
    );
    ceremony
        .refused("keys.components", &[&import[..], &["--component", &ours, "--component", &ours], &witness].concat());
    ceremony.refused("keys.witness.missing", &[&import[..], &components].concat());
    let wrongly = ["--witness", "jonas", "--witness-password-file", &wrong];
    ceremony.refused("keys.password.wrong", &[&import[..], &components, &wrongly].concat());
    let with_wrong_pin =
        ["--token-module", &module, "--token-serial", &at_desk, "--token-pin-file", &path("wrong-pin")];
    let into_token = [&import[..], &components, &witness, &["--in-token"]].concat();
    ceremony.refused("keys.token.pin", &[&into_token[..], &with_wrong_pin].concat());
    ceremony.refused("keys.token.missing", &into_token);

    let page = path("protocol.pdf");
    let printed = ["--protocol", &page, "--language", "de"];
    let made = ceremony.answer(&[&into_token[..], &token, &printed].concat());
    let reader = Ceremony::key(&made, "app-reader", 2);
    assert_eq!((text(reader, "/home"), text(reader, "/proof")), (&*format!("token {at_desk}"), "missing"));
    let protocol = text(&made, "/protocol");
    assert!(protocol.contains("Schlüsselprotokoll") && protocol.contains("Jonas Lind (dabei)"), "{protocol}");
    the_page_is_one_of_a4_with_ink_on_it(&page, desk.folder.path());

    // The same components into the token in the safe: the proof. Another key is not taken there.
    let copy = [&import[..], &components, &witness, &["--in-token", "--copy-of", "2"], &safe].concat();
    let third = path("third.component");
    assert!(ceremony.run("ana", &["keys", "component", &third]).status.success());
    let other = [&import[..], &["--component", &ours, "--component", &third], &witness];
    ceremony.refused("keys.backup.differs", &[&other.concat()[..], &["--in-token", "--copy-of", "2"], &safe].concat());
    ceremony.refused("keys.backup.nothing", &[&["keys", "prove"][..], &safe].concat());
    let copied = ceremony.answer(&copy);
    assert_eq!(text(Ceremony::key(&copied, "app-reader", 2), "/proof"), "fresh");

    // Another key lives in the vault; its backup is cut into shares, two of three.
    ceremony.answer(&["keys", "create", "app-master"]);
    let (backup, shares) = (path("app-master.lykeys"), path("shares"));
    std::fs::create_dir(&shares).unwrap();
    let cut = ["--key", "app-master/2", "--shares", "2/3", "--shares-to", &shares];
    ceremony.answer(&[&["keys", "backup", &backup][..], &cut].concat());
    let share = |number: u8| format!("{shares}/share-{number}-of-3.txt");
    let prove = ["keys", "prove", &backup];
    let few = ceremony.refused("keys.share.few", &[&prove[..], &["--share", &share(1)]].concat());
    assert_eq!((text(&few, "/details/there"), text(&few, "/details/needed")), ("1", "2"));
    let same = share(1);
    ceremony.refused("keys.share.few", &[&prove[..], &["--share", &same, "--share", &same]].concat());
    let wrong_share = path("wrong-share");
    std::fs::write(&wrong_share, std::fs::read_to_string(share(2)).unwrap().replacen('-', "-7", 1)).unwrap();
    ceremony.refused("keys.share.typo", &[&prove[..], &["--share", &share(1), "--share", &wrong_share]].concat());
    let proved = ceremony.answer(&[&prove[..], &["--share", &share(1), "--share", &share(3)]].concat());
    assert_eq!(text(Ceremony::key(&proved, "app-master", 2), "/proof"), "fresh");

    // One card an hour from now on.
    let limit = ["keys", "limit", "--operator", "1", "--station", "1"];
    ceremony.refused("keys.witness.missing", &limit);
    ceremony.answer(&[&limit[..], &witness].concat());

    let laid = desk.lay_card();
    let _chip = desk.lay_chip();
    let (left, right) = (format!("desfire={}", desk.reader(LEFT)), format!("piv={}", desk.reader(RIGHT)));
    let devices = ["--reader", &left, "--reader", &right, "--printer", PRINTER];
    let handed = ["--identified", "identity_card", "--pin-file", &path("card-pin")];
    let issue = [&["issue", EILEEN][..], &handed, &devices].concat();
    let away = ceremony.run("ana", &issue);
    assert!(said(&away).contains("keys.token.missing"), "{}", said(&away));
    assert!(is_factory_blank(&desk.card.lock().unwrap()), "a card was touched that could not be finished");
    let pinless = ceremony.run("ana", &[&issue[..], &with_wrong_pin].concat());
    assert!(said(&pinless).contains("keys.token.pin") && is_factory_blank(&desk.card.lock().unwrap()));

    let issued = ceremony.answer(&[&issue[..], &token].concat());
    assert_eq!(text(&issued, "/case/state"), "done");
    let (card, number) = (text(&issued, "/case/card/id"), text(&issued, "/case/card/number"));
    laid.lift();
    a_reader_with_the_sum_of_the_components_reads_the_card(desk, sum([&ours, &theirs]));
    let history = ceremony.answer(&["history", "show", "card", card]);
    let entries = history["entries"].as_array().unwrap();
    let prepared =
        entries.iter().find(|entry| entry["what"] == "credential.prepared").expect("said before it was done");
    assert!(prepared.to_string().contains("app-reader 2"), "{prepared:#}");

    // The next badge has to wait, and says until when; its card is as it was.
    let next = Arc::new(std::sync::Mutex::new(lanyard_virtual::DesfireCard::new([0x04, 1, 2, 3, 4, 5, 0x80], 9)));
    let _laid = desk.lay(Arc::clone(&next));
    let portrait = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/people/eileen.jpg").display().to_string();
    assert!(ceremony.run("ana", &["photo", "set", "104919", &portrait]).status.success());
    let again = ceremony.run("ana", &[&["issue", "104919"][..], &handed[..2], &devices, &token].concat());
    let refused: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(text(&refused, "/code"), "keys.limit.reached", "{}", said(&again));
    assert!(text(&refused, "/details/again").ends_with(" UTC"));
    assert!(is_factory_blank(&next.lock().unwrap()));

    // Stolen: which keys the thief has, and which cards are to be keyed anew.
    let exposed = ceremony.answer(&["keys", "exposed"]);
    for (name, version, lost) in [("app-reader", 2, false), ("app-master", 2, true)] {
        let of = exposed["keys"].as_array().unwrap();
        let found = of.iter().find(|key| key["key"]["name"] == name && key["key"]["version"] == version).unwrap();
        assert_eq!((&found["exposed"], &found["cards"][0]), (&Value::Bool(lost), &Value::from(number)), "{found:#}");
    }
    assert!(exposed["plan"].to_string().contains("lanyard keys create app-master"), "{exposed:#}");
    assert_eq!(ceremony.answer(&["history", "verify"])["holds"], true);
    no_secret_was_said(&ceremony, &[&ours, &theirs, &third, &share(1), &share(2), &share(3)]);
}

fn a_reader_with_the_sum_of_the_components_reads_the_card(desk: &Desk, master: MasterKey) {
    let mut elsewhere =
        Vault::create(Id([1; 16]), HouseKind::Real, "A reader's", UnixMs(0), &mut |bytes| bytes.fill(7)).unwrap();
    let of = KeyRef::new("app-reader", 2).unwrap();
    elsewhere.import_key(&of, &master, UnixMs(0)).unwrap();
    let mut wire = AID;
    wire.reverse();
    let input = DiversificationInput::of_card(&UID, &wire, b"lanyard").unwrap();
    let key = elsewhere.diversify(&of, &input).unwrap();
    let numbers = freefare_read(Arc::clone(&desk.card), AID, 1, key.expose(), 1, CommMode::Full, 32).unwrap();
    assert!(numbers.iter().any(|byte| *byte != 0));
}

fn the_page_is_one_of_a4_with_ink_on_it(page: &str, into: &Path) {
    let info = succeeds("pdfinfo", &[page]);
    assert!(info.lines().any(|line| line.starts_with("Pages:") && line.ends_with(" 1")), "{info}");
    assert!(info.contains("595.2") && info.contains("841.8"), "{info}");
    let prefix = into.join("protocol").display().to_string();
    succeeds("pdftoppm", &["-r", "50", "-gray", "-singlefile", page, &prefix]);
    let ink = std::fs::read(format!("{prefix}.pgm")).unwrap().into_iter().filter(|dot| *dot < 100).count();
    assert!(ink > 500, "{ink} dark dots");
}

/// Neither on standard output nor on standard error: not in groups, not without.
fn no_secret_was_said(ceremony: &Ceremony, files: &[&str]) {
    let heard = ceremony.heard.borrow().to_lowercase();
    let plain: String = heard.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    assert!(heard.contains("keys.component.typo"), "nothing was heard");
    for file in files {
        let text = std::fs::read_to_string(file).unwrap().to_lowercase();
        let secret: String =
            text.split('/').next().unwrap().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        assert!(secret.len() >= 32 && !plain.contains(&secret[..16]), "{file} was said");
    }
    for secret in [PIN, WRONG_PIN, PASSWORD, "not his password"] {
        assert!(!heard.contains(&secret.to_lowercase()), "{secret}");
    }
}
