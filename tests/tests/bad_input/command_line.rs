//! The same through `lanyard`: a code, what it is about, and exit code 1; called wrongly, exit code 2.

use std::path::Path;
use std::process::{Command, Stdio};

use lanyard_station::api::BenchCardKind;
use lanyard_tests::house::{
    ANA, BJORN, EILEEN, ENCODER, Home, PASSWORD, answer, lanyard, lanyard_as, lay_new, problem, program,
};
use serde_json::json;

use super::Unchanged;

fn written(home: &Home, name: &str, bytes: &[u8]) -> String {
    let path = home.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

/// People and cards as they are, without the entries that signing in leaves.
fn records(home: &Home) -> usize {
    lanyard_tests::house::Contents::of(&home.house(true), PASSWORD).count("record")
}

#[test]
fn a_list_with_bad_lines_is_imported_the_bad_lines_are_in_the_file_asked_for_and_no_file_is_written_over() {
    let home = Home::new();
    drop(home.rehearsal());
    let list =
        written(&home, "list.csv", b"given_name,family_name,staff_no\nBo,Ek,900001\nIda,,900002\nLiv,Dahl,900003\n");
    let out = home.path().join("refused.csv");
    let import = |list: &str| {
        lanyard(home.path(), &["--rehearsal", "person", "import", list, "--refused", &out.to_string_lossy()])
    };
    let report = answer(&import(&list));
    assert_eq!((report["added"].as_u64(), report["refused"][0]["line"].as_u64()), (Some(2), Some(3)));
    let refused = std::fs::read_to_string(&out).unwrap();
    assert!(refused.starts_with("given_name,family_name,staff_no,reason\nIda,,900002,"), "{refused}");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&out.metadata().unwrap().permissions()) & 0o777, 0o600);
    // A file of that name is there now: nothing is imported whose refused lines would then be lost.
    let more = written(&home, "more.csv", b"given_name,family_name,staff_no\nPer,Ek,900004\nMia,,900005\n");
    let before = records(&home);
    let refusal = problem(&import(&more));
    assert_eq!(refusal["code"], "file.failed");
    assert_eq!(refusal["details"]["file"], json!(out.to_string_lossy()));
    assert_eq!((records(&home), std::fs::read_to_string(&out).unwrap()), (before, refused));
}

#[test]
fn each_refusal_is_one_json_value_with_the_thing_named_and_leaves_the_records_alone() {
    let home = Home::new();
    drop(home.rehearsal());
    let before = records(&home);
    let refused = |arguments: &[&str], code: &str, details: serde_json::Value| {
        let refusal = problem(&lanyard(home.path(), &[&["--rehearsal"], arguments].concat()));
        assert_eq!((&refusal["code"], &refusal["details"]), (&json!(code), &details), "{arguments:?}");
    };
    let no_column = written(&home, "a.csv", b"given_name,family_name\nBo,Ek\n");
    refused(&["person", "import", &no_column], "import.column.missing", json!({"column": "staff_no"}));
    let latin1 = written(&home, "b.csv", b"given_name,family_name,staff_no\nJ\xF6rg,Ek,1\n");
    refused(&["person", "import", &latin1], "import.encoding", json!({"line": "2", "looks_like": "Windows-1252"}));
    let nowhere = home.path().join("c.csv").to_string_lossy().into_owned();
    refused(&["person", "import", &nowhere], "file.failed", json!({"file": nowhere, "kind": "entity not found"}));
    let text = written(&home, "d.jpg", b"not a picture");
    refused(&["photo", "set", EILEEN, &text], "photo.format", json!({}));
    refused(&["photo", "set", "nobody", &text], "station.missing", json!({"kind": "person"}));
    refused(
        &["person", "add", "given_name=Bo", "family_name=Ek"],
        "person.field.missing",
        json!({"field": "staff_no"}),
    );
    refused(&["person", "add", "Bo"], "usage.argument", json!({"what": "FIELD=VALUE", "value": "Bo"}));
    let several = problem(&lanyard(home.path(), &["--rehearsal", "person", "show", "a"]));
    assert_eq!(several["code"], "person.ambiguous");
    refused(&["card", "void", "C-0000001", "--reason", "lost"], "station.missing", json!({"kind": "card"}));
    refused(&["operator", "remove", "nobody"], "usage.argument", json!({"what": "login", "value": "nobody"}));
    for name in ["", " ", "Card\nprinter"] {
        refused(&["printer", name, "file:///srv"], "device.name", json!({"longest": "60"}));
    }
    // Its first letter is Cyrillic: the colleague's name to the eye, another to the station.
    let twin = ["operator", "add", "\u{430}na", "Ana Berg", "--password-file", &text];
    refused(&twin, "station.operator.scripts", json!({}));
    refused(
        &["issue", EILEEN, "--workflow", "renew"],
        "usage.argument",
        json!({"what": "--workflow", "value": "renew"}),
    );
    refused(
        &["issue", EILEEN, "--identified", "tattoo"],
        "usage.argument",
        json!({"what": "--identified", "value": "tattoo"}),
    );
    refused(
        &["init", "--station", "Again", "--with", "liv:Liv", "--password-file", &text],
        "station.house.exists",
        json!({}),
    );
    assert_eq!(records(&home), before);
}

#[test]
fn a_badge_whose_person_was_corrected_before_it_was_printed_is_drawn_anew_and_comes_out() {
    let home = Home::new();
    let rehearse = |words: &str| rehearse(&home, &[], words).1;
    let laid = "new blank\nnew chip\nlay 1 encoder\nlay 2 chip\n";
    rehearse(&format!("photo {EILEEN}\njam\n{laid}issue-until print {EILEEN}\nquit\n"));
    let change = ["--rehearsal", "person", "change", EILEEN, "family_name=Nyberg"];
    assert!(lanyard_as(home.path(), "ana", "rehearsal only", &change).status.success());
    let said = rehearse("clear\nlay 1 encoder\nlay 2 chip\nresume\nverify\nquit\n");
    assert!(said.ends_with("ok C-0000001\nok consistent\n"), "{said}");
}

/// `lanyard rehearse` with these words.
fn rehearse(home: &Home, arguments: &[&str], words: &str) -> (bool, String) {
    use std::io::Write;
    let mut child = Command::new(program("lanyard"))
        .arg("--home")
        .arg(home.path())
        .arg("rehearse")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // One that ends at once hears no words.
    let _ = child.stdin.take().unwrap().write_all(words.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_command_for_one_person_leaves_the_badges_of_others_alone_and_says_in_words_what_it_waits_for() {
    let home = Home::new();
    let laid = "new blank\nnew chip\nlay 1 encoder\nlay 2 chip\n";
    // In the next program the printer is clear: Eileen's card could come out at once.
    rehearse(&home, &[], &format!("photo {EILEEN}\nphoto {BJORN}\njam\n{laid}issue-until print {EILEEN}\nquit\n"));
    let run = |arguments: &[&str]| {
        let arguments = [&["--rehearsal"], arguments].concat();
        lanyard_as(home.path(), "ana", "rehearsal only", &arguments)
    };
    let waited = problem(&run(&["issue", BJORN, "--wait", "1"]));
    assert_eq!(waited["code"], "case.waited");
    assert_eq!(waited["details"]["waits_for"], "a blank card on Encoder");
    assert_eq!(problem(&run(&["card", "read"]))["code"], "device.none");
    let shown = answer(&run(&["person", "show", EILEEN]));
    assert_eq!(shown["waits_for"], "a printer");
    let history = answer(&run(&["history", "show", "person", shown["hit"]["id"].as_str().unwrap()]));
    let happened: Vec<&str> =
        history["entries"].as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert!(happened.contains(&"credential.written") && !happened.contains(&"card.printed"), "{happened:?}");
}

#[test]
fn a_rehearsal_that_was_made_by_others_is_opened_by_one_of_them() {
    let home = Home::new();
    drop(home.rehearsal());
    let secret = written(&home, "secret", PASSWORD.as_bytes());
    assert!(!rehearse(&home, &[], "quit\n").0);
    let by = ["--operator", ANA, "--passphrase-file", &secret];
    assert_eq!(rehearse(&home, &by, "verify\nquit\n"), (true, "ok consistent\n".to_owned()));
    let (_, said) = rehearse(&home, &[&by[..], &["--json"]].concat(), "lay 9 encoder\nverify\n");
    let said: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&said[0]["code"], &said[1]["ok"]), (&json!("bench.card.unknown"), &json!("consistent")));
}

#[test]
fn of_two_that_make_a_house_at_once_one_does_and_the_other_says_why_not() {
    let folder = Home::new();
    let secret = written(&folder, "secret", PASSWORD.as_bytes());
    let home = folder.path().join("home");
    let init = || {
        let mut init = Command::new(program("lanyard"));
        init.args(["--json", "--rehearsal", "--home"]).arg(&home).args(["init", "--station", "Gate"]);
        init.args(["--with", "ana:Ana Berg", "--password-file", &secret]).stdout(Stdio::piped()).spawn().unwrap()
    };
    let ended = [init(), init(), init()].map(|child| child.wait_with_output().unwrap());
    let made = ended.iter().filter(|one| one.status.success()).count();
    let why: Vec<_> =
        ended.iter().filter(|one| !one.status.success()).map(|one| problem(one)["code"].clone()).collect();
    assert_eq!(made, 1, "{why:?}");
    let known = ["store.in_use", "store.exists", "station.house.exists"];
    assert!(why.iter().all(|code| known.contains(&code.as_str().unwrap())), "{why:?}");
    let found = answer(&lanyard(&home, &["--rehearsal", "person", "find", "eil"]));
    assert_eq!(found[0]["staff_no"], EILEEN);
}

#[test]
fn a_backup_is_there_whole_or_not_at_all_and_what_a_killed_one_left_is_not_in_the_way() {
    let home = Home::new();
    drop(home.rehearsal());
    let folder = Home::new();
    let run = |arguments: &[&str]| lanyard(home.path(), &[&["--rehearsal"], arguments].concat());
    // A disk of its own is an empty folder; half a backup is never taken for one.
    let [fresh, disk] = ["fresh", "disk"].map(|name| folder.path().join(name));
    let torn = [folder.path().join("fresh.unfinished"), disk.join("unfinished")];
    for (to, torn) in [&fresh, &disk].into_iter().zip(&torn) {
        std::fs::create_dir_all(torn).unwrap();
        std::fs::write(torn.join("store.db"), b"half").unwrap();
        let to = to.to_str().unwrap();
        assert_eq!(answer(&run(&["backup", to]))["backup"], to);
        assert!(!torn.exists());
        assert_eq!(answer(&run(&["backup", "--prove", to]))["proved"], to);
        assert_eq!(problem(&run(&["backup", to]))["code"], "store.exists");
    }
    let files = |to: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(to).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    for to in [&fresh, &disk] {
        assert_eq!(files(to), ["house.json", "slots.json", "store.db"]);
    }
    // What somebody else has put there is nobody's to sweep.
    std::fs::create_dir_all(folder.path().join("kept.unfinished")).unwrap();
    std::fs::write(folder.path().join("kept.unfinished/letter.txt"), b"dear").unwrap();
    assert_eq!(problem(&run(&["backup", folder.path().join("kept").to_str().unwrap()]))["code"], "store.exists");
    assert!(folder.path().join("kept.unfinished/letter.txt").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_home_that_cannot_be_written_is_read_and_whoever_would_write_is_told_which_folder_it_is() {
    let folder = Home::new();
    let disk = lanyard_tests::disk::SmallDisk::mount(folder.path(), "32M");
    drop(folder.rehearsal());
    disk.protect();
    let run = |arguments: &[&str]| lanyard(folder.path(), &[&["--rehearsal"], arguments].concat());
    for (arguments, holds) in [
        (&["person", "find", "eil"][..], EILEEN),
        (&["person", "show", EILEEN], EILEEN),
        (&["history", "show", "person", EILEEN], "person.created"),
        (&["history", "verify"], "consistent"),
        (&["devices"], "Encoder"),
    ] {
        assert!(answer(&run(arguments)).to_string().contains(holds), "{arguments:?}");
    }
    let house = folder.house(true).display().to_string();
    let bundle = Home::new();
    let out = bundle.path().join("history.zip").display().to_string();
    for writes in [&["person", "change", EILEEN, "unit=Quay"][..], &["history", "export", &out], &["facility", "7"]] {
        let refusal = problem(&run(writes));
        assert_eq!((&refusal["code"], &refusal["details"]["place"]), (&json!("store.not_writable"), &json!(house)));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_has_no_end_is_not_read_to_the_end_and_an_answer_that_was_not_written_is_no_success() {
    let home = Home::new();
    drop(home.rehearsal());
    for endless in [
        &["person", "import", "/dev/zero"][..],
        &["photo", "set", EILEEN, "/dev/zero"],
        &["encoding", "add", "/dev/zero"],
        &["encoding", "lint", "/dev/zero"],
    ] {
        let refusal = problem(&lanyard(home.path(), &[&["--rehearsal"], endless].concat()));
        assert_eq!(refusal["details"], json!({"file": "/dev/zero", "kind": "file too large"}), "{endless:?}");
    }
    let secret = written(&home, "secret", PASSWORD.as_bytes());
    let find = |secret: &str, out: Stdio| {
        let mut find = Command::new(program("lanyard"));
        find.arg("--home").arg(home.path()).args(["--rehearsal", "--operator", ANA, "--passphrase-file", secret]);
        find.args(["person", "find", "eil"]).stdout(out).output().unwrap()
    };
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let lost = find(&secret, full.into());
    assert_eq!(lost.status.code(), Some(1));
    assert!(told(&lost).contains("file=standard output"), "{}", told(&lost));
    let endless = find("/dev/zero", Stdio::piped());
    assert!(told(&endless).contains("file=/dev/zero kind=file too large"), "{}", told(&endless));
    // Nobody listens any longer, as behind `| head -0`: nothing was lost.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert!(find(&secret, writer.into()).status.success());
}

#[test]
fn operators_people_and_the_facility_are_kept_by_command() {
    let home = Home::new();
    drop(home.rehearsal());
    let run = |arguments: &[&str]| answer(&lanyard(home.path(), &[&["--rehearsal"], arguments].concat()));
    let secret = written(&home, "new", b"liv has one of her own\n");
    let logins = |all: serde_json::Value| -> Vec<String> {
        all.as_array().unwrap().iter().map(|one| one["login"].as_str().unwrap().to_owned()).collect()
    };
    let before = logins(run(&["operator", "list"]));
    let added = run(&["operator", "add", "liv", "Liv Dahl", "--password-file", &secret]);
    assert_eq!(logins(added).len(), before.len() + 1);
    let rights = |all: &serde_json::Value| {
        let liv = all.as_array().unwrap().iter().find(|one| one["login"] == "liv").unwrap().clone();
        liv["rights"].as_array().unwrap().iter().map(|right| right.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(rights(&run(&["operator", "allow", "liv", "print.file"])).contains(&"print.file".to_owned()));
    assert!(!rights(&run(&["operator", "forbid", "liv", "print.file"])).contains(&"print.file".to_owned()));
    let hers = lanyard_as(home.path(), "liv", "liv has one of her own", &["--rehearsal", "person", "find", "eil"]);
    assert!(hers.status.success());
    assert_eq!(logins(run(&["operator", "remove", "liv"])), before);
    let gone = lanyard_as(home.path(), "liv", "liv has one of her own", &["--rehearsal", "person", "find", "eil"]);
    assert_eq!(problem(&gone)["code"], "keys.password.wrong");

    let bo = run(&["person", "add", "given_name=Bo", "family_name=Ek", "staff_no=900009"]);
    assert_eq!(bo["hit"]["staff_no"], "900009");
    let changed = run(&["person", "change", "900009", "unit=Quay"]);
    assert_eq!((&changed["hit"]["id"], &changed["hit"]["unit"]), (&bo["hit"]["id"], &json!("Quay")));
    assert_eq!(run(&["facility", "77"]), json!({"facility": 77}));
    let history = run(&["history", "verify"]);
    assert_eq!(history["holds"], true);
}

#[test]
fn a_wrong_password_and_a_second_writer_are_refused_and_reading_beside_the_window_is_not() {
    let home = Home::new();
    let window = home.rehearsal();
    lay_new(&window, BenchCardKind::Blank, ENCODER);
    while window.card_read(ENCODER).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    window.settle();
    let bench = home.house(true).join("bench/00001.blank.json");
    let kept = || (std::fs::read(&bench).unwrap(), bench.metadata().unwrap().modified().unwrap());
    let card = kept();
    let unchanged = Unchanged::rehearsal(&home);
    let wrong = lanyard_as(home.path(), ANA, "not the password", &["--rehearsal", "person", "find", "eil"]);
    assert_eq!(problem(&wrong)["code"], "keys.password.wrong");
    let add = lanyard(home.path(), &["--rehearsal", "person", "add", "given_name=Bo", "family_name=Ek", "staff_no=1"]);
    assert_eq!(problem(&add)["code"], "store.in_use");
    let person = window.person_of(EILEEN).unwrap();
    for (arguments, holds) in [
        (&["person", "find", "eil"][..], EILEEN),
        (&["person", "show", EILEEN], EILEEN),
        (&["history", "show", "person", &person], "person.created"),
        (&["history", "verify"], "consistent"),
        (&["devices"], "Encoder"),
    ] {
        let output = lanyard(home.path(), &[&["--rehearsal"], arguments].concat());
        assert!(answer(&output).to_string().contains(holds), "{arguments:?}");
    }
    unchanged.assert("reading leaves nothing, refusals neither");
    assert!(kept() == card, "the card on the window's bench was touched");
}

#[test]
fn a_real_house_is_not_there_because_a_rehearsal_is_and_nothing_is_made_by_asking() {
    let home = Home::new();
    drop(home.rehearsal());
    let output = lanyard(home.path(), &["person", "find", "eil"]);
    assert_eq!(problem(&output)["code"], "station.house.none");
    assert!(!home.house(false).exists());
}

#[test]
fn wrong_words_end_with_two_and_a_password_is_never_taken_from_the_command_line() {
    let run = |arguments: &[&str]| {
        let output = Command::new(program("lanyard")).args(arguments).output().unwrap();
        assert!(output.stdout.is_empty());
        output.status.code()
    };
    assert_eq!(run(&[]), Some(2));
    assert_eq!(run(&["frobnicate"]), Some(2));
    assert_eq!(run(&["person", "import"]), Some(2));
    assert_eq!(run(&["--password", "secret", "devices"]), Some(2));
    assert_eq!(run(&["--passphrase", "secret", "devices"]), Some(2));
    // Who asks for JSON gets some, also of this.
    let output = Command::new(program("lanyard")).args(["--json", "frobnicate"]).output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["code"]), (Some(2), &json!("usage.argument")));
}

#[test]
fn a_password_file_that_is_no_text_is_said_to_be_none() {
    let home = Home::new();
    drop(home.rehearsal());
    let file = written(&home, "password", b"\xFF\xFE\0secret");
    let with = |file: &str| {
        let mut command = Command::new(program("lanyard"));
        command.arg("--json").arg("--home").arg(home.path()).args(["--rehearsal", "--operator", ANA]);
        problem(&command.args(["--passphrase-file", file, "operator", "list"]).output().unwrap())
    };
    assert_eq!(with(&file)["code"], "file.failed");
    assert_eq!(with(&file)["details"]["file"], json!(file));
    let folder = Path::new(home.path()).to_string_lossy().into_owned();
    assert_eq!(with(&folder)["code"], "file.failed");
    let empty = written(&home, "empty", b"\n");
    assert_eq!(with(&empty)["code"], "keys.password.wrong");
}
