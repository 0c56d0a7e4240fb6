//! The Debian packages that building, running and testing need, each with its reason. Only missing ones are installed.

use crate::shell::{Done, command, go};

/// A package, and why.
pub type Package = (&'static str, &'static str);

/// To build and open the window.
pub const DESKTOP: &[Package] = &[
    ("build-essential", "the linker, and a C compiler for SQLCipher"),
    ("pkg-config", "finds the libraries below"),
    ("libssl-dev", "SQLCipher's cryptography"),
    ("libpcsclite-dev", "card readers through PC/SC"),
    ("libwebkit2gtk-4.1-dev", "the web view the window is made of"),
    ("librsvg2-dev", "the window's icons"),
    ("pcscd", "the service that card readers are reached by"),
];

/// To test: real peers.
pub const TEST: &[Package] = &[
    ("webkit2gtk-driver", "drives the real window"),
    ("xvfb", "a display for the window"),
    ("xauth", "access to that display"),
    ("dbus", "a message bus for the printer and the window"),
    ("dbus-x11", "the same"),
    ("vsmartcard-vpcd", "puts a simulated card into the real pcscd"),
    ("libclang-dev", "builds the PIV card that others wrote"),
    ("opensc", "an independent PIV and PKCS#11 host"),
    ("yubico-piv-tool", "another one"),
    ("libfreefare-dev", "an independent DESFire host"),
    ("libfreefare-bin", "the same"),
    ("libnfc-dev", "its reader layer"),
    ("cups-ipp-utils", "a real IPP printer"),
    ("avahi-daemon", "which wants it"),
    ("softhsm2", "a real PKCS#11 token, in software, that master keys live in"),
    ("openssl", "checks certificates and signatures"),
    ("python3-venv", "codecs of cards and readers that others wrote in Python, in an environment of their own"),
    ("poppler-utils", "renders PDFs to compare them with the preview"),
];

/// Installs what is missing and says so.
pub fn install(packages: &[Package]) -> Done {
    let missing: Vec<&Package> = packages.iter().filter(|(name, _)| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("System packages that are missing:");
    for (name, why) in &missing {
        eprintln!("  {name}: {why}");
    }
    if command("apt-get", &["--version"]).output().is_err() {
        return Err("this machine has no apt-get: install what corresponds to the packages above by hand".into());
    }
    go(&mut apt(&["update", "-q"]))?;
    let mut words = vec!["install", "-y", "-q", "--no-install-recommends"];
    words.extend(missing.iter().map(|(name, _)| *name));
    go(&mut apt(&words))
}

fn installed(package: &str) -> bool {
    command("dpkg-query", &["-W", "-f", "${db:Status-Status}", package])
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

fn apt(words: &[&str]) -> std::process::Command {
    let root = command("id", &["-u"]).output().is_ok_and(|output| output.stdout == b"0\n");
    let mut apt = command(if root { "env" } else { "sudo" }, &[]);
    if !root {
        apt.arg("env");
    }
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"]).args(words);
    apt
}
