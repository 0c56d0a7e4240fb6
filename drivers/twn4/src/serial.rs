//! The port: which ones there are, and one of them opened.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use lanyard_device::DeviceError;
use serialport::{ClearBuffer, SerialPort, SerialPortType};

use crate::proto::{Assembly, Framing};

/// Elatec's number among makers of USB devices.
const ELATEC: u16 = 0x09D8;

/// 1.3: as delivered. On USB the port has no rate, and takes any.
const BAUD: u32 = 9600;

/// How long the line must be quiet before it is trusted again.
const QUIET: Duration = Duration::from_millis(40);

/// The ports behind which a reader of this maker is plugged in, by the system's names.
///
/// # Errors
/// [`DeviceError::Gone`] if the system does not tell.
pub fn ports() -> Result<Vec<String>, DeviceError> {
    let all = serialport::available_ports().map_err(|_| DeviceError::Gone { device: "serial ports".into() })?;
    let ours = all.into_iter().filter(|port| match &port.port_type {
        SerialPortType::UsbPort(usb) => usb.vid == ELATEC,
        _ => false,
    });
    Ok(ours.map(|port| port.port_name).collect())
}

/// A line to a reader: one command, one answer.
pub struct Wire {
    name: String,
    port: Box<dyn SerialPort>,
    framing: Framing,
    limit: Duration,
    /// After anything but an answer in order, a late one may still come and would be taken for the next.
    doubtful: bool,
}

/// Opens a port.
///
/// # Errors
/// [`DeviceError::Busy`] if another program has it, [`DeviceError::Gone`] if it is not there.
pub fn open_wire(path: &str, framing: Framing, limit: Duration) -> Result<Wire, DeviceError> {
    let device = || path.to_owned();
    let port = serialport::new(path, BAUD).timeout(QUIET).open().map_err(|error| match error.kind() {
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied | ErrorKind::ResourceBusy) => {
            DeviceError::Busy { device: device() }
        }
        serialport::ErrorKind::NoDevice if std::path::Path::new(path).exists() => {
            DeviceError::Busy { device: device() }
        }
        _ => DeviceError::Gone { device: device() },
    })?;
    Ok(Wire { name: path.to_owned(), port, framing, limit, doubtful: true })
}

impl Wire {
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
    pub fn exchange(&mut self, command: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, DeviceError> {
        if self.doubtful {
            self.settle()?;
        }
        self.doubtful = true;
        let frame = self.framing.encode(command);
        self.port.write_all(&frame).and_then(|()| self.port.flush()).map_err(|_| self.gone())?;
        let started = std::time::Instant::now();
        let mut assembly = Assembly::new(self.framing);
        let mut chunk = zeroize::Zeroizing::new([0; 256]);
        loop {
            let count = match self.port.read(chunk.as_mut_slice()) {
                Ok(0) => return Err(self.gone()),
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => 0,
                Err(_) => return Err(self.gone()),
            };
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
                return Err(DeviceError::Silent { device: self.name.clone(), limit_ms: self.limit.as_millis() as u64 });
            }
        }
    }

    /// Waits until nothing comes any more, and ends a command that may have been begun.
    fn settle(&mut self) -> Result<(), DeviceError> {
        let end: &[u8] = if self.framing.ascii { b"\r" } else { &[] };
        self.port.write_all(end).map_err(|_| self.gone())?;
        let mut chunk = [0; 256];
        // A device that never stops talking is none of ours.
        for _ in 0..64 {
            match self.port.read(&mut chunk) {
                Ok(0) => return Err(self.gone()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return self.port.clear(ClearBuffer::Input).map_err(|_| self.gone());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.gone()),
            }
        }
        Err(self.protocol("never quiet"))
    }

    fn gone(&self) -> DeviceError {
        DeviceError::Gone { device: self.name.clone() }
    }

    pub(crate) fn protocol(&self, what: &'static str) -> DeviceError {
        DeviceError::Protocol { device: self.name.clone(), what }
    }
}
