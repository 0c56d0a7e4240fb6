//! `cargo xtask floors`: every arrow between crates points downwards (ARCHITECTURE.md, "Houses and floors").

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::shell::{Done, cargo, read, root};

/// Which floor a crate lives on.
const FLOORS: &[(&str, u8)] = &[
    ("lanyard-fault", 0),
    ("lanyard-model", 0),
    ("lanyard-secret", 0),
    ("lanyard-formats", 0),
    ("lanyard-apdu", 0),
    ("lanyard-history", 1),
    ("lanyard-layout", 1),
    ("lanyard-photo", 1),
    ("lanyard-people", 1),
    ("lanyard-workflow", 1),
    ("lanyard-device", 1),
    ("lanyard-desfire", 1),
    ("lanyard-em", 1),
    ("lanyard-legic", 1),
    ("lanyard-piv", 1),
    ("lanyard-keys", 2),
    ("lanyard-encoding", 2),
    ("lanyard-virtual", 2),
    ("lanyard-virtual-piv", 2),
    ("lanyard-baltech", 2),
    ("lanyard-twn4", 2),
    ("lanyard-pcsc", 2),
    ("lanyard-printer-ipp", 2),
    ("lanyard-token", 3),
    ("lanyard-store", 3),
    ("lanyard-issue", 3),
    ("lanyard-station", 4),
    ("lanyard-desktop", 5),
    ("lanyard-cli", 5),
    ("lanyard-verify", 5),
    ("lanyard-tests", 5),
    ("lanyard-hostile", 5),
    ("lanyard-piv-card", 5),
    ("xtask", 5),
];

/// Arrows between neighbours of a floor; besides, protocols and drivers stand on `device`.
const LEVEL: &[(&str, &str)] = &[("lanyard-virtual-piv", "lanyard-virtual"), ("lanyard-tests", "lanyard-piv-card")];

/// Arrows that point down and are forbidden all the same: who, whom (empty: any of ours).
const FORBIDDEN: &[(&str, &[&str])] = &[
    // A simulator that shares code with the host proves nothing.
    ("lanyard-virtual", &["lanyard-desfire", "lanyard-em", "lanyard-legic", "lanyard-piv", "lanyard-secret"]),
    ("lanyard-virtual-piv", &["lanyard-desfire", "lanyard-em", "lanyard-legic", "lanyard-piv", "lanyard-secret"]),
    // The verifier trusts nobody's store, and no network.
    ("lanyard-verify", &["lanyard-store", "lanyard-keys", "lanyard-station"]),
    // A description of an encoding never sees where keys are kept.
    ("lanyard-encoding", &["lanyard-keys", "lanyard-store"]),
    ("lanyard-issue", &["lanyard-keys", "lanyard-store"]),
];

/// A driver does not know what a badge is.
const DRIVER_MAY: &[&str] = &["lanyard-fault", "lanyard-secret", "lanyard-apdu", "lanyard-device", "lanyard-virtual"];

/// Packages that no crate may depend on, and why.
const BANNED: &[(&str, &str)] = &[
    ("sqlx", "links sqlite3 a second time; the server uses tokio-postgres"),
    ("openssl", "TLS is rustls; SQLCipher links OpenSSL by itself"),
    ("chrono", "time is an integer here, and `time` where a calendar is needed"),
    ("lazy_static", "the standard library has LazyLock"),
];

/// Pure crates: no clock, randomness, socket, file, thread or async runtime.
const PURE: &[&str] = &[
    "lanyard-fault",
    "lanyard-model",
    "lanyard-secret",
    "lanyard-formats",
    "lanyard-apdu",
    "lanyard-history",
    "lanyard-layout",
    "lanyard-photo",
    "lanyard-people",
    "lanyard-workflow",
    "lanyard-device",
    "lanyard-desfire",
    "lanyard-em",
    "lanyard-legic",
    "lanyard-baltech",
    "lanyard-piv",
    "lanyard-keys",
    "lanyard-encoding",
    "lanyard-issue",
    "lanyard-virtual",
    "lanyard-virtual-piv",
];
/// What a pure crate neither depends on nor, outside its tests, names.
const IMPURE_NAMES: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "thread::spawn",
    "thread::sleep",
    "Instant::now",
    "SystemTime::now",
];
const IMPURE: &[&str] = &["tokio", "getrandom", "rand", "time", "ureq", "reqwest", "rustix", "nix", "pcsc"];

/// Checks.
pub fn floors() -> Done {
    let text = read(&mut cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let floor: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let path = package["manifest_path"].as_str().unwrap_or_default();
        let Some(own) = floor.get(name) else {
            wrong.push(format!("{name} has no floor: give it one in xtask/src/floors.rs and ARCHITECTURE.md"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let whom = dependency["name"].as_str().unwrap_or_default();
            if let Some((_, why)) = BANNED.iter().find(|(banned, _)| *banned == whom) {
                wrong.push(format!("{name} depends on {whom}: {why}"));
            }
            if dependency["kind"].as_str() == Some("dev") {
                continue;
            }
            if PURE.contains(&name) && IMPURE.contains(&whom) {
                wrong.push(format!("{name} is pure, and depends on {whom}"));
            }
            let Some(theirs) = floor.get(whom) else { continue };
            if theirs > own || (theirs == own && *own > 0 && !LEVEL.contains(&(name, whom)) && whom != "lanyard-device")
            {
                wrong.push(format!("{name} (floor {own}) depends on {whom} (floor {theirs})"));
            }
            if FORBIDDEN.iter().any(|(who, list)| *who == name && list.contains(&whom)) {
                wrong.push(format!("{name} must not depend on {whom}"));
            }
            if path.contains("/drivers/") && !DRIVER_MAY.contains(&whom) {
                wrong.push(format!("{name} is a driver: it may not know {whom}"));
            }
        }
    }
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if let (true, Some(folder)) = (PURE.contains(&name), package["manifest_path"].as_str()) {
            impure(name, &Path::new(folder).with_file_name("src"), &mut wrong)?;
        }
    }
    if wrong.is_empty() {
        eprintln!("floors: every arrow points downwards");
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// What of [`IMPURE_NAMES`] the sources of a pure crate name before their tests begin.
fn impure(name: &str, folder: &Path, wrong: &mut Vec<String>) -> Done {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    for file in std::fs::read_dir(folder).map_err(told)? {
        let path = file.map_err(told)?.path();
        if path.is_dir() {
            impure(name, &path, wrong)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).map_err(told)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in IMPURE_NAMES.iter().filter(|word| code.contains(**word)) {
                let shown = path.strip_prefix(root()).unwrap_or(&path).display();
                wrong.push(format!("{name} is pure, and {shown} names {word}"));
            }
        }
    }
    Ok(())
}
