//! A simulated TWN4 behind a real pseudo-terminal: what a program that opens it sees is a serial port.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use lanyard_virtual::VirtualTwn4;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

/// How long the loop sleeps at most before it looks whether it is to end.
const SLICE_MS: u16 = 20;

/// A plugged-in reader. Dropping it pulls the plug.
pub struct Terminal {
    path: String,
    reader: Arc<Mutex<VirtualTwn4>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Plugs a reader in.
    ///
    /// # Panics
    /// If the system gives no terminal.
    #[must_use]
    pub fn plug(reader: VirtualTwn4) -> Self {
        Self::plug_shared(Arc::new(Mutex::new(reader)))
    }

    /// Plugs the same reader in again, cards and all, at another port.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.unplug();
        self.reader().plug();
        Self::plug_shared(Arc::clone(&self.reader))
    }

    fn plug_shared(reader: Arc<Mutex<VirtualTwn4>>) -> Self {
        let master = posix_openpt(nix::fcntl::OFlag::O_RDWR | nix::fcntl::OFlag::O_NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname_r(&master).unwrap();
        // Held open, so that the line does not hang up between two programs; and raw, so that nothing is echoed.
        let line = File::options().read(true).write(true).open(&path).unwrap();
        let mut mode = tcgetattr(&line).unwrap();
        cfmakeraw(&mut mode);
        tcsetattr(&line, SetArg::TCSANOW, &mode).unwrap();
        let end = Arc::new(AtomicBool::new(false));
        let (held, stop) = (Arc::clone(&reader), Arc::clone(&end));
        let thread = std::thread::spawn(move || serve(master, &held, &stop, line));
        Self { path, reader, end, thread: Some(thread) }
    }

    /// The port.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The reader, to lay and lift cards.
    pub fn reader(&self) -> MutexGuard<'_, VirtualTwn4> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pulls the plug.
    pub fn unplug(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// Until the plug is pulled, by a fault or by hand; then both ends are closed.
fn serve(mut master: PtyMaster, reader: &Mutex<VirtualTwn4>, end: &AtomicBool, line: File) {
    let mut chunk = [0; 256];
    while !end.load(Ordering::Relaxed) {
        let mut ready = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ready, PollTimeout::from(SLICE_MS)).unwrap_or(0) == 0 {
            continue;
        }
        let Ok(count) = master.read(&mut chunk) else { break };
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = reader.feed(&chunk[..count]);
        if reader.unplugged() || master.write_all(&answer).is_err() {
            break;
        }
    }
    drop(line);
}
