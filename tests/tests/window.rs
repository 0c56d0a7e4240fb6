//! A badge issued in the real window, by keyboard: from first start to handed over in a real house, on a real pcscd, a card
//! that others wrote, an IPP printer and a camera; what an office does beside: data corrected and put back, a badge declared
//! void, people from a file, operators who come and go, a backup restored; and a card pulled in the middle of a rehearsal.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;
use std::sync::mpsc::channel;

use lanyard_tests::house::{ANA, Home, PASSWORD, PORTRAIT, program};
use lanyard_tests::ippeve::{Behaviour, Ippeve, Media};
use lanyard_tests::real_desk::{Desk, LEFT, PRINTER, RIGHT};
use lanyard_tests::watched::Watched;
use lanyard_tests::window::{Screen, Window, pictures, turn};
use lanyard_virtual::{ApduCard, KeyKind};
use serde_json::Value;

/// Which command is not answered at once: after the look at the card, amid the keys.
const HELD_AT: u32 = 16;

/// That of an operator who comes later.
const NEW_PASSWORD: &str = "wind over the harbour";

fn testid(name: &str) -> String {
    format!("[data-testid='{name}']")
}

/// Names the station and two operators, and types the recovery code back.
fn first_start(window: &Window, rehearsal: bool) {
    window.see("[data-first-step='house']");
    // What fits the machine is chosen already: a real house where a reader is attached, else rehearsal.
    let kind = if rehearsal { "rehearsal" } else { "real" };
    window.see(&format!("{}[aria-checked='true']", testid(&format!("first-kind-{kind}"))));
    window.picture("01-house");
    window.press(&["Enter"]);
    window.see(&testid("first-name"));
    window.write("Nordhafen Port");
    window.picture("02-name");
    window.press(&["Enter"]);
    window.see(&testid("operator-name-0"));
    window.write("Ana Berg");
    window.press(&["Tab", "Tab"]);
    window.write(PASSWORD);
    window.see(&testid("single-person"));
    window.press(&["Control+n"]);
    window.see(&testid("operator-name-1"));
    window.write("Jonas Lind");
    window.press(&["Tab", "Tab"]);
    window.write(PASSWORD);
    window.picture("03-operators");
    window.press(&["Enter"]);
    let code = window.text(&testid("recovery-code"));
    window.picture("04-recovery");
    window.press(&["Enter"]);
    window.see(&testid("recovery-typed"));
    window.write(&code);
    window.picture("05-typed-back");
    window.press(&["Enter"]);
    window.see(&testid("search"));
    window.picture("06-desk");
}

fn prove_backup(window: &Window, desk: &Desk) {
    window.press(&["Control+6"]);
    window.click(&testid("backup-path"));
    window.write(&desk.path("backup"));
    window.click(&testid("backup-do"));
    window.see(&testid("backup-done"));
    window.click(&testid("backup-password"));
    window.write(PASSWORD);
    window.click(&testid("backup-prove"));
    window.see("[data-testid='backup-state'][data-proved='true']");
    window.picture("07-backup");
}

fn set_up_devices(window: &Window, desk: &Desk) {
    window.press(&["Control+4"]);
    window.see(&testid("printer-name"));
    window.write(PRINTER);
    window.press(&["Tab"]);
    window.write(&desk.printer.uri());
    window.press(&["Enter"]);
    let printer = format!("printer:{PRINTER}");
    window.see(&testid(&format!("device-{printer}")));
    for (name, role) in [(LEFT, "encoder"), (RIGHT, "chip")] {
        let reader = format!("reader:{}", desk.reader(name));
        window.click(&testid(&format!("role-{reader}-{role}")));
        window.see(&format!("{}[data-role='{role}']", testid(&format!("device-{reader}"))));
    }
    window.click(&testid(&format!("test-{printer}")));
    window.see(&format!("{}[data-ok='true']", testid(&format!("report-{printer}"))));
    window.picture("08-devices");
}

fn new_person(window: &Window) {
    window.press(&["Escape", "Control+n"]);
    window.see(&testid("field-given_name"));
    for value in ["Eileen", "Möllerström", "", "104882", "Port control", "Harbour pilot"] {
        window.write(value);
        window.press(&["Tab"]);
    }
    window.picture("09-person");
    window.press(&["Enter"]);
    window.see("[data-testid='person-panel'][data-standing='no_card']");
    window.picture("10-chosen");
}

/// Data, a photo by the camera, and both sides of the card to be looked at.
fn up_to_the_preview(window: &Window) {
    window.press(&["F2"]);
    window.at("data", "waiting");
    window.picture("11-data");
    window.press(&["Control+Enter"]);
    window.at("photo", "waiting");
    window.film(PORTRAIT);
    window.press(&["F7"]);
    window.see("[data-testid='camera-video'][data-seeing='true']");
    window.picture("12-camera");
    window.press(&["Enter"]);
    window.see(&testid("photo-frame"));
    // Corrected by hand, and put back to where the face was found.
    window.press(&["ArrowLeft", "PageUp", "Home"]);
    window.see(&testid("photo-accept"));
    window.picture("13-framed");
    window.press(&["Enter"]);
    window.at("preview", "waiting");
    window.see("[data-testid='case'] figure img");
    window.picture("14-preview");
}

fn hand_over(window: &Window) -> String {
    window.at("hand_over", "waiting");
    window.picture("19-hand-over");
    window.press(&["Space", "Enter"]);
    let pin = window.text(&testid("pin"));
    window.picture("20-pin");
    window.press(&["Enter"]);
    window.see("[data-testid='case-ended'][data-state='done']");
    window.picture("21-done");
    pin
}

fn verify(bundle: &str) -> Value {
    let output = Command::new(program("lanyard-verify")).args(["--json", bundle]).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn from_first_start_to_handed_over_in_a_real_house_by_keyboard() {
    let _turn = turn();
    let screen = Screen::new();
    let mut desk = Desk::without_house();
    desk.printer = Ippeve::with(Behaviour::Waits, Media::Card).unwrap();
    let kept = pictures("real");
    let window = Window::open(&screen, desk.home.path(), &kept);
    first_start(&window, false);
    prove_backup(&window, &desk);
    set_up_devices(&window, &desk);
    new_person(&window);
    up_to_the_preview(&window);
    window.press(&["Enter"]);
    window.at("card", "waiting_for_card");
    window.picture("15-card");
    let (tell, go_on) = channel();
    let mut answers = 0;
    let laid = desk.lay(Watched::new(&desk.card, move |card, command| {
        answers += 1;
        if answers == HELD_AT {
            // A test that failed meanwhile tells it too.
            let _ = go_on.recv();
        }
        card.lock().unwrap().transmit(command)
    }));
    window.at("encode", "running");
    window.picture("16-encode");
    tell.send(()).unwrap();
    window.at("certify", "waiting_for_card");
    window.picture("17-chip");
    assert_ne!(desk.card.lock().unwrap().key([0; 3], 0).unwrap().kind, KeyKind::Des, "the card was not written");
    let chip = desk.lay_chip();
    window.at("print", "running");
    window.see("[data-testid='wait']");
    window.picture("18-print");
    desk.printer.proceed().unwrap();
    let pin = hand_over(&window);
    assert!(pin.len() == 6 && pin.bytes().all(|digit| digit.is_ascii_digit()), "{pin}");
    assert_eq!(desk.printer.spooled().unwrap().len(), 1);
    laid.lift();
    drop(chip);

    // The person has a card now; an outsider gets the history.
    window.press(&["Enter"]);
    window.see(&testid("search"));
    window.write("möl");
    window.see("[data-testid='person-panel'][data-standing='active']");
    window.picture("22-active");
    window.press(&["Control+3"]);
    window.see(&testid("export-path"));
    let bundle = desk.path("history.zip");
    window.write(&bundle);
    window.press(&["Enter"]);
    window.see(&testid("export-done"));
    window.picture("23-exported");
    let verdict = verify(&bundle);
    assert_eq!(verdict["verdict"], "holds");

    // Locked: nothing of what was inside is on the page.
    window.press(&["Control+l"]);
    window.see(&testid("lock-password"));
    window.picture("24-locked");
    let page = window.run("return document.documentElement.innerHTML", &[]);
    assert!(!page.as_str().unwrap().contains("Möllerström"));
    window.write("wrong");
    window.press(&["Enter"]);
    window.see(&testid("alert"));
    window.see(&testid("lock-password"));
    window.write(PASSWORD);
    window.press(&["Enter"]);
    window.see(&testid("search"));
    correct_and_put_back(&window);
    void_the_badge(&window);
    people_from_a_file(&window, &desk);
    one_operator_comes_and_one_goes(&window);
    drop(window);

    // A closed house tells nobody who sits in it: the name is typed. Who was removed does not come in.
    let elsewhere = Screen::new();
    let window = Window::open(&elsewhere, desk.home.path(), &kept);
    window.see(&testid("lock-login"));
    window.write("jonas");
    window.press(&["Tab"]);
    window.write(PASSWORD);
    window.press(&["Enter"]);
    window.see("[data-testid='alert'][data-code='keys.password.wrong']");
    window.picture("31-removed");
    window.click(&testid("lock-login"));
    window.press(&["Control+a"]);
    window.write("mia");
    window.press(&["Tab"]);
    window.write(NEW_PASSWORD);
    window.picture("32-cold");
    window.press(&["Enter"]);
    window.see(&testid("search"));
    assert_eq!(window.text(&testid("operator-name")), "Mia Holm");
}

/// A name that was written wrongly, mended on the person's page, and put back as it was.
fn correct_and_put_back(window: &Window) {
    window.write("möl");
    window.see("[data-testid='person-panel'][data-standing='active']");
    window.press(&["Control+e"]);
    window.click(&testid("field-family_name"));
    window.press(&["End"]);
    window.write("-Ek");
    window.press(&["Enter"]);
    window.see(&testid("undo"));
    window.says(&testid("value-family_name"), "Möllerström-Ek");
    window.picture("25-corrected");
    window.press(&["Control+z"]);
    window.says(&testid("value-family_name"), "Möllerström");
    // Both are there for whoever asks.
    window.press(&["F9"]);
    window.see(&testid("entries"));
    let changes = "return [...document.querySelectorAll('[data-testid=entries] [data-what=\"person.changed\"]')] \
        .filter((entry) => entry.innerText.includes('Family name')).map((entry) => entry.innerText.includes('-Ek'))";
    assert_eq!(window.run(changes, &[]), serde_json::json!([false, true]), "the newest first");
    window.picture("26-both-in-the-history");
    window.press(&["Escape"]);
}

/// It was the wrong badge: declared void on the person's page, with the reason.
fn void_the_badge(window: &Window) {
    window.see("[data-testid='cards'] [data-state='active']");
    window.press(&["F8"]);
    window.see(&testid("void-panel"));
    window.click(&testid("void-reason-mistake"));
    window.picture("27-void");
    window.press(&["Enter"]);
    window.see("[data-testid='cards'] [data-state='void']");
    window.picture("28-void-done");
}

/// The good lines are taken; the bad one is said with its line, and comes back in a file with its reason.
fn people_from_a_file(window: &Window, desk: &Desk) {
    let file = desk.folder.path().join("starters.csv");
    let lines = "given_name,family_name,staff_no,unit\nÅsa,Lindqvist,200001,Port control\nNobody,,200002,Port control\n\
        Bo,Ek,200003,Harbour master\n";
    std::fs::write(&file, lines).unwrap();
    window.press(&["Control+2", "Control+i"]);
    window.see("[data-testid='import-pick']");
    window.choose(&testid("import-input"), &file);
    window.see("[data-testid='import-report'][data-added='2'][data-refused='1']");
    window.press(&["Enter"]);
    let said = window.text(&testid("import-saved"));
    window.picture("29-imported");
    let saved = said.split_whitespace().find_map(|word| word.strip_suffix('.')).unwrap();
    let refused = std::fs::read_to_string(saved).unwrap();
    assert!(refused.contains("Nobody") && !refused.contains("Lindqvist"), "{refused}");
}

/// Mia is made an operator, Jonas is none any more.
fn one_operator_comes_and_one_goes(window: &Window) {
    window.press(&["Control+6"]);
    window.click(&testid("new-operator-name"));
    window.write("Mia Holm");
    window.press(&["Tab", "Tab"]);
    window.write(NEW_PASSWORD);
    window.click(&testid("operator-add"));
    window.see("[data-testid='operator'][data-login='mia']");
    window.click(&testid("operator-remove-jonas"));
    window.click(&testid("operator-remove-do-jonas"));
    window.see("ul:not(:has([data-login='jonas'])) > [data-login='mia']");
    window.picture("30-operators");
}

#[test]
fn a_card_pulled_in_the_middle_is_said_in_place_and_the_badge_goes_on_by_itself() {
    let _turn = turn();
    let screen = Screen::new();
    let home = Home::new();
    let window = Window::open(&screen, home.path(), &pictures("rehearsal"));
    first_start(&window, true);
    window.see(&testid("rehearsal-band"));
    window.write("möll");
    window.see("[data-testid='person-panel'][data-standing='no_card']");
    up_to_the_preview(&window);
    // Lifted in the middle of the writing, not of the look at it.
    let lifted = "[data-reader='Encoder'][data-standing='blank'] [data-testid='bench-lift-after']";
    on_the_bench(&window, &["[data-testid='bench-new']", &on("Encoder", "bench-lay-blank"), lifted]);
    window.press(&["Enter"]);
    window.at("encode", "stopped");
    let alert = window.text(&testid("alert"));
    assert!(alert.contains("card.removed"), "{alert}");
    window.picture("15-pulled");
    // What goes onto the card, as a picture, and what writing it takes.
    window.press(&["Control+5"]);
    window.see("[data-testid='encodings'] [data-id='starter@1'][aria-selected='true']");
    window.press(&["Enter"]);
    window.see("[data-testid='encoding'][data-id='starter@1'] [data-testid='memory-map']");
    window.picture("15-encoding");
    window.press(&["Enter"]);
    window.see(&testid("plan-total"));
    // In the language and light of another desk.
    window.press(&["Control+6"]);
    window.click(&testid("language-sv"));
    window.click(&testid("theme-dark"));
    window.picture("16-settings");
    // As fast as two fingers are: about the person whom the desk showed before.
    window.press(&["Escape", "F2"]);
    window.at("encode", "stopped");
    window.see(&testid("alert"));
    window.picture("17-pulled-sv-dark");
    // Laid again, and nothing pressed: it goes on.
    on_the_bench(&window, &[&on("Encoder", "bench-lay-blank")]);
    window.at("certify", "waiting_for_card");
    window.press(&["Control+b"]);
    window.click(&testid("bench-kind-chip"));
    window.click(&testid("bench-new"));
    window.see(&on("Chip reader", "bench-lay-chip"));
    window.picture("18-bench");
    window.click(&on("Chip reader", "bench-lay-chip"));
    window.press(&["Escape"]);
    hand_over(&window);
    window.press(&["F9"]);
    window.see(&testid("entries"));
    window.picture("22-history");
}

#[test]
fn in_a_restored_house_a_camera_that_is_refused_is_no_dead_end_and_a_picture_without_a_face_takes_a_reason() {
    let _turn = turn();
    let screen = Screen::new();
    let (lost, home) = (Home::new(), Home::new());
    let backup = home.path().join("backup");
    lost.rehearsal().backup(&backup).unwrap();
    let window = Window::open_with_mock_camera(&screen, home.path(), &pictures("camera"));
    window.click(&testid("first-restore"));
    window.see(&testid("restore-path"));
    window.write(backup.to_str().unwrap());
    window.press(&["Tab"]);
    window.write(ANA);
    window.press(&["Tab"]);
    window.write(PASSWORD);
    window.picture("01-restore");
    window.press(&["Enter"]);
    window.see(&testid("search"));
    window.see(&testid("rehearsal-band"));
    window.write("möll");
    window.see("[data-testid='person-panel'][data-standing='no_card']");
    window.picture("02-restored");
    window.press(&["F2"]);
    window.at("data", "waiting");
    window.press(&["Control+Enter"]);
    window.at("photo", "waiting");

    // The system keeps the camera from this program: said plainly, and a file does as well.
    window.allow_camera(false);
    window.press(&["F7"]);
    window.see("[data-testid='alert'][data-code='camera.refused']");
    window.picture("11-refused");
    window.press(&["Escape"]);
    let portrait = home.path().join("eileen.jpg");
    std::fs::write(&portrait, PORTRAIT).unwrap();
    window.choose(&testid("photo-input"), &portrait);
    window.see(&testid("photo-accept"));
    window.picture("12-from-a-file");

    // Allowed since: what it sees is no face.
    window.allow_camera(true);
    window.press(&["F7"]);
    window.see("[data-testid='camera-video'][data-seeing='true']");
    window.picture("13-camera");
    window.press(&["Enter"]);
    window.see(&testid("photo-hints"));
    window.picture("14-no-face");
    window.press(&["Control+Enter"]);
    window.at("photo", "waiting");
    window.click(&testid("photo-reason"));
    window.write("A picture for the test of the camera");
    window.press(&["Control+Enter"]);
    window.at("preview", "waiting");
}

/// A button at one of the bench's readers.
fn on(reader: &str, button: &str) -> String {
    format!("[data-testid='bench-reader'][data-reader='{reader}'] [data-testid='{button}']")
}

/// What is done at the bench, one after the other; then it is put away.
fn on_the_bench(window: &Window, buttons: &[&str]) {
    window.press(&["Control+b"]);
    for button in buttons {
        window.click(button);
    }
    window.press(&["Escape"]);
}
