//! A private IPP printer: CUPS's own `ippeveprinter`, loaded with CR80 cards, on a free port, with a spool of its own.
//!
//! Debian's build announces itself through Avahi and ends without it, so D-Bus and an Avahi bound to the loopback are
//! started where they do not run yet; they are the machine's and stay.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// What it says it can take.
const ATTRIBUTES: &str = "\
ATTR text printer-make-and-model \"Test Card Printer\"
ATTR text printer-device-id \"MFG:Test;MDL:Card Printer;CMD:PDF;\"
ATTR mimeMediaType document-format-supported application/pdf
ATTR mimeMediaType document-format-default application/pdf
ATTR keyword media-supported MEDIA
ATTR keyword media-default MEDIA
ATTR keyword media-ready MEDIA
ATTR collection media-size-supported {
 MEMBER integer x-dimension WIDTH
 MEMBER integer y-dimension HEIGHT
}
ATTR keyword media-col-supported media-size
ATTR keyword sides-supported one-sided,two-sided-long-edge
ATTR keyword sides-default one-sided
ATTR keyword print-scaling-supported auto,none
ATTR integer pages-per-minute 60
ATTR boolean color-supported true
ATTR resolution printer-resolution-supported 300dpi
ATTR resolution printer-resolution-default 300dpi
";

/// What is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// Cards, 53.98 × 85.60 mm.
    Card,
    /// A4, as an office printer.
    A4,
}

/// What it does with a job: the command that ippeveprinter runs for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Prints at once.
    Prints,
    /// Says that it is out of cards, until [`Ippeve::proceed`].
    OutOfCards,
    /// Works on the job until [`Ippeve::proceed`]; a job cancelled meanwhile stops there.
    Waits,
    /// Gives up.
    Fails,
}

impl Behaviour {
    fn script(self, folder: &Path) -> String {
        let wait = format!("while [ ! -e '{}' ]; do sleep 0.1; done", folder.join("proceed").display());
        let work = match self {
            Self::Prints => "exit 0".to_owned(),
            Self::OutOfCards => format!("echo 'STATE: +media-empty' >&2\n{wait}\necho 'STATE: -media-empty' >&2"),
            Self::Waits => wait,
            Self::Fails => "exit 1".to_owned(),
        };
        format!("#!/bin/sh\n{work}\n")
    }
}

/// A running printer. Dropping it ends it, and its spool is gone.
pub struct Ippeve {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Ippeve {
    /// A card printer that prints.
    ///
    /// # Errors
    /// What is missing on this machine, or that it did not come up.
    pub fn start() -> io::Result<Self> {
        Self::with(Behaviour::Prints, Media::Card)
    }

    /// A printer that behaves so.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with(behaviour: Behaviour, media: Media) -> io::Result<Self> {
        ensure_avahi()?;
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("spool"))?;
        let (name, width, height) = match media {
            Media::Card => ("custom_cr80_53.98x85.6mm", "5398", "8560"),
            Media::A4 => ("iso_a4_210x297mm", "21000", "29700"),
        };
        let attributes = ATTRIBUTES.replace("MEDIA", name).replace("WIDTH", width).replace("HEIGHT", height);
        fs::write(folder.path().join("attributes.conf"), attributes)?;
        let port = free_port()?;
        let child = run(folder.path(), port, behaviour)?;
        let mut printer = Self { child, port, folder };
        printer.wait_until_up()?;
        Ok(printer)
    }

    /// Where it is.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("ipp://localhost:{}/ipp/print", self.port)
    }

    /// Files of the jobs it took, oldest first. They are kept.
    ///
    /// # Errors
    /// Of the file system.
    pub fn spooled(&self) -> io::Result<Vec<PathBuf>> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.folder.path().join("spool"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|e| e == "pdf"));
        files.sort();
        Ok(files)
    }

    /// Puts cards in, or lets the work be done: [`Behaviour::OutOfCards`] and [`Behaviour::Waits`] go on.
    ///
    /// # Errors
    /// Of the file system.
    pub fn proceed(&self) -> io::Result<()> {
        File::create(self.folder.path().join("proceed")).map(drop)
    }

    /// Pulls the plug.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Switches it on again, on the same port, with nothing left of its jobs.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restart(&mut self, behaviour: Behaviour) -> io::Result<()> {
        self.child = run(self.folder.path(), self.port, behaviour)?;
        self.wait_until_up()
    }

    fn wait_until_up(&mut self) -> io::Result<()> {
        let since = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("ippeveprinter ended, {status}: {log}")));
            }
            if since.elapsed() > PATIENCE {
                return Err(io::Error::other("ippeveprinter did not come up"));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Ippeve {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}

fn run(folder: &Path, port: u16, behaviour: Behaviour) -> io::Result<Child> {
    let command = folder.join("command");
    fs::write(&command, behaviour.script(folder))?;
    fs::set_permissions(&command, fs::Permissions::from_mode(0o755))?;
    let log = File::create(folder.join("log"))?;
    Command::new("ippeveprinter")
        .arg("-vv")
        .args(["-p", &port.to_string(), "-n", "localhost", "-k", "-d"])
        .arg(folder.join("spool"))
        .arg("-a")
        .arg(folder.join("attributes.conf"))
        .arg("-c")
        .arg(&command)
        .arg(format!("Lanyard test {port}"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .map_err(|error| io::Error::other(format!("ippeveprinter (Debian: cups-ipp-utils): {error}")))
}

/// D-Bus and Avahi, if they do not run. Tests start side by side: one of them at a time looks.
fn ensure_avahi() -> io::Result<()> {
    let lock = File::create(std::env::temp_dir().join("lanyard-avahi.lock"))?;
    lock.lock()?;
    let runs = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map(|status| status.success())
            .map_err(|error| io::Error::other(format!("{program}: {error}")))
    };
    if runs("avahi-daemon", &["--check"])? {
        return Ok(());
    }
    if std::os::unix::net::UnixStream::connect("/run/dbus/system_bus_socket").is_err() {
        fs::create_dir_all("/run/dbus")?;
        let _ = fs::remove_file("/run/dbus/pid");
        runs("dbus-daemon", &["--system", "--fork"])?;
    }
    let config = std::env::temp_dir().join("lanyard-avahi.conf");
    fs::write(&config, "[server]\nuse-ipv4=yes\nuse-ipv6=no\nallow-interfaces=lo\n")?;
    let config = config.display().to_string();
    runs("avahi-daemon", &["--daemonize", "--no-drop-root", "--no-rlimits", "--no-chroot", "--file", &config])?;
    let since = Instant::now();
    while !runs("avahi-daemon", &["--check"])? {
        if since.elapsed() > PATIENCE {
            return Err(io::Error::other("avahi-daemon did not come up"));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}
