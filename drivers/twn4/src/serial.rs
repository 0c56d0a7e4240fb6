//! The line to a reader: which ports there are, one of them opened, and one command with its one answer over it.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use lanyard_device::DeviceError;
use serialport::SerialPortType;
use zeroize::Zeroizing;

use crate::proto::{Answer, Assembly, Call, Framing};

/// Elatec's number among makers of USB devices.
const ELATEC: u16 = 0x09D8;

/// 1.3: as delivered. On USB the port has no rate, and takes any.
const BAUD: u32 = 9600;

/// How long one look at the port waits.
const MOMENT: Duration = Duration::from_millis(40);

/// No version is shorter.
const MOST_ASKED: u8 = 16;

/// The ports behind which a reader of this maker is plugged in, by the system's names.
///
/// # Errors
/// [`DeviceError::Gone`] if the system does not tell.
pub fn ports() -> Result<Vec<String>, DeviceError> {
    // The list is made from there, and the library ends the program where it is missing.
    if cfg!(target_os = "linux") && !std::path::Path::new("/sys/class/tty").exists() {
        return Ok(Vec::new());
    }
    let all = serialport::available_ports().map_err(|_| DeviceError::Gone { device: "serial ports".into() })?;
    let ours = all.into_iter().filter(|port| match &port.port_type {
        SerialPortType::UsbPort(usb) => usb.vid == ELATEC,
        _ => false,
    });
    Ok(ours.map(|port| port.port_name).collect())
}

/// What carries the bytes: a serial port, or what stands in for one. A read waits for a moment, and then answers
/// [`ErrorKind::TimedOut`].
pub trait Port: Read + Write + Send {}

impl<P: Read + Write + Send> Port for P {}

/// A line to a reader: one command, one answer.
pub struct Wire {
    name: String,
    port: Box<dyn Port>,
    framing: Framing,
    limit: Duration,
    /// After anything but an answer in order, a late one may still come and would be taken for the next.
    doubtful: bool,
    /// How many characters of the version were last asked for.
    asked: u8,
}

/// Opens a port.
///
/// # Errors
/// [`DeviceError::Busy`] if another program has it, [`DeviceError::Gone`] if it is not there.
pub fn open_wire(path: &str, framing: Framing, limit: Duration) -> Result<Wire, DeviceError> {
    let device = || path.to_owned();
    let port = serialport::new(path, BAUD).timeout(MOMENT).open().map_err(|error| match error.kind() {
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied | ErrorKind::ResourceBusy) => {
            DeviceError::Busy { device: device() }
        }
        serialport::ErrorKind::NoDevice if std::path::Path::new(path).exists() => {
            DeviceError::Busy { device: device() }
        }
        _ => DeviceError::Gone { device: device() },
    })?;
    Ok(Wire::over(path, Box::new(port), framing, limit))
}

impl Wire {
    /// Over what is open already.
    #[must_use]
    pub fn over(name: &str, port: Box<dyn Port>, framing: Framing, limit: Duration) -> Self {
        Self { name: name.to_owned(), port, framing, limit, doubtful: true, asked: 0 }
    }

    /// The port's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a command, gives the answer's bytes.
    ///
    /// # Errors
    /// [`DeviceError::Silent`], [`DeviceError::Gone`], [`DeviceError::Protocol`]: what the reader did with the command
    /// is then unknown.
    pub fn exchange(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        if self.doubtful {
            self.settle()?;
        }
        self.doubtful = true;
        self.send(&self.framing.encode(command))?;
        let started = Instant::now();
        let mut assembly = Assembly::new(self.framing);
        let mut chunk = Zeroizing::new([0; 256]);
        loop {
            let count = self.receive(chunk.as_mut_slice())?;
            for (place, byte) in chunk.iter().take(count).enumerate() {
                match assembly.push(*byte) {
                    None => {}
                    Some(Ok(answer)) if place + 1 == count => {
                        self.doubtful = false;
                        return Ok(answer);
                    }
                    // One command has one answer: who says more answers somebody else.
                    Some(Ok(_)) => return Err(self.protocol("more than one answer")),
                    Some(Err(fault)) => return Err(self.protocol(fault.name())),
                }
            }
            if started.elapsed() > self.limit {
                return Err(self.silent());
            }
        }
    }

    /// Ends a command that may have been begun, and asks what only the answer to this question can answer: so many
    /// characters of the version, another number each time. What comes before that is late and forgotten.
    fn settle(&mut self) -> Result<(), DeviceError> {
        self.asked = self.asked % MOST_ASKED + 1;
        let end: &[u8] = if self.framing.ascii { b"\r" } else { &[] };
        self.send(end)?;
        self.send(&self.framing.encode(&Call::GetVersionString(self.asked).encode()))?;
        let started = Instant::now();
        let mut assembly = Assembly::new(self.framing);
        let mut heard = false;
        let mut chunk = [0; 256];
        loop {
            let count = self.receive(&mut chunk)?;
            for byte in &chunk[..count] {
                let Some(answer) = assembly.push(*byte) else { continue };
                let text = answer.as_ref().ok().and_then(|answer| Answer::open(answer).ok()?.array().ok());
                if text.is_some_and(|text| text.len() == usize::from(self.asked)) {
                    return Ok(());
                }
                heard = true;
                assembly = Assembly::new(self.framing);
            }
            if started.elapsed() > self.limit {
                return Err(if heard { self.protocol("no answer to what was asked") } else { self.silent() });
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        self.port.write_all(bytes).and_then(|()| self.port.flush()).map_err(|_| self.gone())
    }

    /// What has come; nothing, if nothing comes for a moment.
    fn receive(&mut self, chunk: &mut [u8]) -> Result<usize, DeviceError> {
        match self.port.read(chunk) {
            Ok(0) => Err(self.gone()),
            Ok(count) => Ok(count),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => Ok(0),
            Err(_) => Err(self.gone()),
        }
    }

    fn silent(&self) -> DeviceError {
        DeviceError::Silent { device: self.name.clone(), limit_ms: self.limit.as_millis() as u64 }
    }

    fn gone(&self) -> DeviceError {
        DeviceError::Gone { device: self.name.clone() }
    }

    pub(crate) fn protocol(&self, what: &'static str) -> DeviceError {
        DeviceError::Protocol { device: self.name.clone(), what }
    }
}
