//! A real `pcscd` of the test's own, with readers of any name, and simulated cards laid on them.
//!
//! The readers are `vsmartcard-vpcd`: a card is a TCP connection. All pcscd share one socket in `/run/pcscd`, so one
//! runs at a time: [`Pcscd::start`] waits for its turn, across processes.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Seek, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lanyard_virtual::{ApduCard, answer_at_reader};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Where pcscd listens: compiled into it.
const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// The driver of the package `vsmartcard-vpcd`.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so.0.8";

/// The name of the folder that a pcscd of ours has its configuration in, by which one left behind is known.
const MARK: &str = "lanyard-pcscd-";

/// How long things that take milliseconds may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running pcscd. Dropping it ends it.
pub struct Pcscd {
    child: Child,
    readers: Vec<(String, u16)>,
    /// Held in this order: ended, then cleared away, then the next may start.
    _folder: TempDir,
    _turn: File,
}

impl Pcscd {
    /// Starts pcscd with a reader of each name, when no other test has one running.
    ///
    /// # Errors
    /// Where pcscd or vpcd are not installed, or a pcscd that is not ours holds the socket.
    pub fn start(readers: &[&str]) -> Result<Self> {
        let mut turn = File::options().read(true).write(true).create(true).truncate(false).open(turn_path())?;
        turn.lock()?;
        end_one_left_behind(&mut turn)?;

        let folder = tempfile::Builder::new().prefix(MARK).tempdir()?;
        let mut config = String::new();
        let mut bound = Vec::new();
        for (i, name) in readers.iter().enumerate() {
            // Two readers of one library file would share their cards.
            let driver = folder.path().join(format!("libifdvpcd-{i}.so"));
            std::fs::copy(DRIVER, &driver)?;
            let port = free_port()?;
            config += &format!(
                "FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {}\nCHANNELID 0x{port:04X}\n\n",
                driver.display()
            );
            bound.push(((*name).to_owned(), port));
        }
        let config_path = folder.path().join("reader.conf");
        std::fs::write(&config_path, config)?;

        let mut child = Command::new("/usr/sbin/pcscd")
            .arg("--foreground")
            .arg("--config")
            .arg(&config_path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        turn.set_len(0)?;
        turn.rewind()?;
        write!(turn, "{}", child.id())?;

        let deadline = Instant::now() + PATIENCE;
        while !Path::new(SOCKET).exists() || bound.iter().any(|(_, port)| is_free(*port)) {
            if let Some(status) = child.try_wait()? {
                return Err(Error::other(format!("pcscd ended ({status}): is another one running?")));
            }
            if Instant::now() > deadline {
                end(&mut child)?;
                return Err(Error::new(ErrorKind::TimedOut, "pcscd did not open its readers"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { child, readers: bound, _folder: folder, _turn: turn })
    }

    /// What PC/SC calls the reader of this name: vpcd has two slots a reader, and the first is the one in use.
    #[must_use]
    pub fn reader(&self, name: &str) -> String {
        format!("{name} 00 00")
    }

    /// The TCP port on which the reader waits for a card that another process brings.
    ///
    /// # Errors
    /// If it was not started with such a reader.
    pub fn port(&self, name: &str) -> Result<u16> {
        let found = self.readers.iter().find(|(reader, _)| reader == name);
        found.map(|(_, port)| *port).ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no reader {name}")))
    }

    /// Lays a card on a reader. pcscd notices within half a second.
    ///
    /// # Errors
    /// If there is no such reader, or another card lies on it.
    pub fn lay(&self, name: &str, card: impl ApduCard + 'static) -> Result<LaidCard> {
        LaidCard::connect(self.port(name)?, Box::new(card))
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        // What cannot be ended here is found by the next that starts.
        let _ = end(&mut self.child);
    }
}

/// A card on a vpcd reader, served by a thread. Dropping it takes it off.
pub struct LaidCard {
    stream: TcpStream,
    card: Arc<Mutex<Box<dyn ApduCard>>>,
    thread: Option<JoinHandle<()>>,
}

impl LaidCard {
    /// Brings a card to the vpcd that listens on a port of this machine.
    ///
    /// # Errors
    /// If nothing listens there.
    pub fn connect(port: u16, card: Box<dyn ApduCard>) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        let card = Arc::new(Mutex::new(card));
        let (served, ours) = (stream.try_clone()?, card.clone());
        // Ends with the connection, which `lift` closes.
        let thread = std::thread::spawn(move || while serve_one(&served, &ours).is_ok() {});
        Ok(Self { stream, card, thread: Some(thread) })
    }

    /// Takes the card off the reader.
    pub fn lift(mut self) {
        self.close();
    }

    fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.card.lock().unwrap_or_else(PoisonError::into_inner).power_off();
    }
}

impl Drop for LaidCard {
    fn drop(&mut self) {
        self.close();
    }
}

/// One message of vpcd's protocol: a 16-bit length, most significant byte first, then control byte or command.
fn serve_one(mut stream: &TcpStream, card: &Mutex<Box<dyn ApduCard>>) -> Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = match message.as_slice() {
        [0] => {
            card.power_off();
            return Ok(());
        }
        [1 | 2] => {
            card.power_on();
            return Ok(());
        }
        [4] => card.atr(),
        command => answer_at_reader(&mut **card, command),
    };
    let length = u16::try_from(answer.len()).map_err(|_| Error::from(ErrorKind::InvalidData))?;
    stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat())
}

fn turn_path() -> PathBuf {
    std::env::temp_dir().join("lanyard-pcscd.turn")
}

/// A test that was killed leaves its pcscd running. Its number is in the file whose lock we now hold; it is ended only
/// if what runs under that number is a pcscd with a configuration of ours.
fn end_one_left_behind(turn: &mut File) -> Result<()> {
    let mut noted = String::new();
    turn.read_to_string(&mut noted)?;
    let Ok(pid) = noted.trim().parse::<i32>() else { return Ok(()) };
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command);
    if command.contains("pcscd") && command.contains(MARK) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        while Path::new(SOCKET).exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Asks it to end, so that it takes its socket along.
fn end(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_none() {
        let pid = i32::try_from(child.id()).map_err(Error::other)?;
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        child.wait()?;
    }
    Ok(())
}

/// A port that is free now, and so is the next, which vpcd takes for its second slot.
fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let port = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port();
        if port < u16::MAX && is_free(port) && is_free(port + 1) {
            return Ok(port);
        }
    }
    Err(Error::from(ErrorKind::AddrInUse))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}
