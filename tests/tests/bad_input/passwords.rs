//! Operators, passwords, the recovery code.

use lanyard_station::api::Password;
use lanyard_station::{Access, HouseChoice, Options, Station};
use lanyard_tests::house::{ANA, Home, JONAS, PASSWORD, first_start, operator, password, refused};

use super::{Unchanged, entries, newest, pair};

#[test]
fn a_wrong_password_and_an_unknown_name_are_told_the_same_and_open_nothing() {
    let home = Home::new();
    drop(home.rehearsal());
    let station = home.start(HouseChoice::Rehearsal);
    let unchanged = Unchanged::rehearsal(&home);
    let long = "x".repeat(2000);
    for (login, text) in [
        (ANA, "correct horse batterz"),
        (ANA, ""),
        (ANA, "correct horse battery "),
        (ANA, "correct\0horse"),
        (ANA, &long),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        (&long, PASSWORD),
    ] {
        let code = unchanged.after(station.sign_in(login, &password(text)), "").0;
        assert!(code == "keys.password.wrong" || (code == "keys.password.long" && text.len() > 1000), "{code}");
        assert_eq!(station.status().session, None);
    }
    assert_eq!(refused(station.search("eileen", 5), "").0, "station.locked");
    assert!(station.sign_in(" ANA ", &password(PASSWORD)).is_ok(), "a name is not case-sensitive");
}

#[test]
fn everything_is_refused_while_locked_and_where_there_is_no_house() {
    let home = Home::new();
    let none = home.start(HouseChoice::Rehearsal);
    assert_eq!(refused(none.search("eileen", 5), "").0, "station.house.none");
    assert_eq!(refused(none.sign_in(ANA, &password(PASSWORD)), "").0, "station.house.none");
    assert_eq!(refused(none.backup(&home.path().join("b")), "").0, "station.house.none");
    drop(none);
    let station = home.rehearsal();
    let person = station.person_of("104882").unwrap();
    let case = station.case_open(&person).unwrap().id;
    let _ = station.lock();
    let unchanged = Unchanged::rehearsal(&home);
    let locked = |code: (String, String)| assert_eq!(code.0, "station.locked");
    locked(unchanged.after(station.person(&person), ""));
    locked(unchanged.after(station.import_people(b"given_name,family_name,staff_no\nBo,Ek,1\n"), ""));
    locked(unchanged.after(station.case_open(&person), ""));
    locked(unchanged.after(station.history_verify(), ""));
    locked(unchanged.after(station.history("person", &person), ""));
    locked(unchanged.after(station.history_export(&home.path().join("h.zip"), true), ""));
    locked(unchanged.after(station.backup(&home.path().join("b")), ""));
    locked(unchanged.after(station.operators(), ""));
    locked(unchanged.after(station.operator_add(operator("liv", "Liv", PASSWORD)), ""));
    locked(unchanged.after(station.prefer("de", lanyard_station::api::Theme::Dark), ""));
    locked(unchanged.after(station.printer_add("Office", "ipp://127.0.0.1/ipp/print"), ""));
    locked(unchanged.after(station.recovery_confirm(""), ""));
    assert_eq!(unchanged.after(station.case_view(&case), "kind"), pair("station.missing", "case"));
    assert!(!home.path().join("h.zip").exists() && !home.path().join("b").exists());
    assert!(station.status().cases.is_empty() && station.status().devices.iter().all(|device| device.card.is_none()));
    station.sign_in(ANA, &password(PASSWORD)).unwrap();
    assert_eq!(station.case_view(&case).unwrap().step, "data");
}

#[test]
fn a_forgotten_password_is_replaced_with_the_recovery_code_and_only_with_it() {
    let home = Home::new();
    let station = home.start(HouseChoice::Rehearsal);
    let code = station.first_start(first_start(true)).unwrap().code.text().to_owned();
    drop(station);
    let station = home.start(HouseChoice::Rehearsal);
    let new = password("a new one, better kept");
    let unchanged = Unchanged::rehearsal(&home);
    let recover = |code: &str, login: &str| unchanged.after(station.recover(code, login, &new), "kind");
    let (last, kept) = (if code.ends_with('A') { 'B' } else { 'A' }, &code[..code.len() - 1]);
    let typo = format!("{kept}{last}");
    assert_eq!(recover(&typo, ANA).0, "keys.recovery.typo");
    assert_eq!(recover("", ANA).0, "keys.recovery.typo");
    assert_eq!(recover(&"A-".repeat(100_000), ANA).0, "keys.recovery.typo");
    let other_house = Home::new();
    let other =
        other_house.start(HouseChoice::Rehearsal).first_start(first_start(true)).unwrap().code.text().to_owned();
    assert_eq!(recover(&other, ANA).0, "keys.recovery.wrong");
    assert_eq!(recover(&code, "nobody"), pair("station.missing", "operator"));
    let short = station.recover(&code, ANA, &password("short"));
    assert_eq!(unchanged.after(short, "").0, "keys.password.short");
    assert_eq!(station.status().session, None);

    let typed = code.to_lowercase().replace('-', " ");
    station.recover(&typed, ANA, &new).unwrap();
    assert_eq!(newest(&station, 1), ["operator.recovered"]);
    assert!(station.history_verify().unwrap().holds);
    drop(station);
    let station = home.start(HouseChoice::Rehearsal);
    assert_eq!(refused(station.sign_in(ANA, &password(PASSWORD)), "").0, "keys.password.wrong");
    station.sign_in(ANA, &new).unwrap();
    // The vault is the same: cards of before are still ours, and the other operator is as before.
    assert!(station.history_verify().unwrap().holds);
    let _ = station.lock();
    station.sign_in(JONAS, &password(PASSWORD)).unwrap();
}

#[test]
fn an_operator_with_a_weak_password_an_empty_or_taken_name_is_not_made() {
    let home = Home::new();
    let station = home.rehearsal();
    let unchanged = Unchanged::rehearsal(&home);
    let long = "x".repeat(1000);
    let add = |login: &str, name: &str, word: &str, detail: &str| {
        unchanged.after(station.operator_add(operator(login, name, word)), detail)
    };
    assert_eq!(add("liv", "Liv Dahl", "nine char", "least"), pair("keys.password.short", "10"));
    assert_eq!(add("liv", "Liv Dahl", "", "").0, "keys.password.short");
    assert_eq!(add("liv", "Liv Dahl", &"x".repeat(1 << 20), "").0, "keys.password.long");
    for taken in ["ana", "ANA", " Ana "] {
        assert_eq!(add(taken, "Another Ana", PASSWORD, "").0, "policy.login.taken");
    }
    for (login, name, field) in [
        ("", "Liv", "login"),
        (" \u{3000}", "Liv", "login"),
        ("liv", "", "name"),
        ("liv", &long, "name"),
        (&long, "Liv", "login"),
        ("liv", "Liv\u{1b}[2J", "name"),
        ("l\niv", "Liv", "login"),
    ] {
        assert_eq!(
            add(login, name, PASSWORD, "field"),
            pair("station.operator.field", field),
            "{login:.20} {name:.20}"
        );
    }
    let change = station.password_change(&password("not hers at all"), &password("a perfectly good one"));
    assert_eq!(unchanged.after(change, "").0, "keys.password.wrong");
    let change = station.password_change(&password(PASSWORD), &password("short"));
    assert_eq!(unchanged.after(change, "").0, "keys.password.short");
    assert_eq!(unchanged.after(station.prefer("tlh", lanyard_station::api::Theme::System), "kind").1, "language");
    assert_eq!(unchanged.after(station.recovery_confirm("AAAA"), "").0, "keys.recovery.typo");
}

#[test]
fn the_last_operator_stays_and_one_who_was_removed_signs_in_no_more() {
    let home = Home::new();
    let station = home.rehearsal();
    let all = station.operators().unwrap();
    let id = |login: &str| all.iter().find(|operator| operator.login == login).unwrap().id.clone();
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(station.operator_remove("x"), "kind"), pair("station.missing", "operator"));
    assert_eq!(unchanged.after(station.operator_remove(&"00".repeat(16)), "").0, "keys.slot.missing");
    assert_eq!(station.operator_remove(&id(JONAS)).unwrap().len(), 1);
    assert!(station.status().house.unwrap().single_person);
    let unchanged = Unchanged::rehearsal(&home);
    for login in [ANA, JONAS] {
        assert_eq!(unchanged.after(station.operator_remove(&id(login)), "").0, "policy.operator.last");
    }
    assert_eq!(unchanged.after(station.sign_in(JONAS, &password(PASSWORD)), "").0, "keys.password.wrong");
    assert!(station.status().session.is_some(), "a failed sign-in throws nobody out");
    // The name is free again, for somebody else with another slot.
    station.operator_add(operator(JONAS, "Jonas Ek", "another password of his")).unwrap();
    assert_eq!(entries(&station, "operator.added"), 3);
    // Whoever removes herself is out at once.
    station.operator_remove(&id(ANA)).unwrap();
    assert_eq!(station.status().session, None);
    assert_eq!(refused(station.operators(), "").0, "station.locked");
}

#[test]
fn a_first_start_that_is_wrong_anywhere_leaves_no_house() {
    let home = Home::new();
    let station = home.start(HouseChoice::Rehearsal);
    let start = |change: &dyn Fn(&mut lanyard_station::api::FirstStart), detail: &str| {
        let mut start = first_start(true);
        change(&mut start);
        let refusal = refused(station.first_start(start), detail);
        assert!(!home.house(true).join("store.db").exists() && station.status().house.is_none());
        refusal
    };
    assert_eq!(start(&|start| start.station = "  ".to_owned(), "longest"), pair("station.name", "60"));
    assert_eq!(start(&|start| start.station = "x".repeat(61), "").0, "station.name");
    assert_eq!(start(&|start| start.station = "Nord\nhafen\0".to_owned(), "").0, "station.name");
    assert_eq!(start(&|start| start.operators.clear(), "").0, "station.operator.none");
    assert_eq!(start(&|start| start.operators[1].login = "Ana".to_owned(), "").0, "policy.login.taken");
    assert_eq!(start(&|start| start.operators[1].password = Password(password("short")), "").0, "keys.password.short");
    assert_eq!(start(&|start| start.operators[0].name.clear(), "field"), pair("station.operator.field", "name"));
    station.first_start(first_start(true)).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(station.first_start(first_start(true)), "").0, "station.house.exists");
    // Nor by a second program that came up before there was one.
    let reader = Station::start(Options::new(home.path().to_owned(), HouseChoice::Rehearsal).access(Access::Read));
    assert_eq!(unchanged.after(reader.unwrap().first_start(first_start(true)), "").0, "station.house.exists");
}
