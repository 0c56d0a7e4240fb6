//! Commands about devices, and the bench of a rehearsal.

use super::{Answer, Station, problem};
use crate::api::{BenchAction, BenchView, DeviceRole, Problem, Status, TestReport};
use crate::{StationError, hotplug, lf};

impl Station {
    /// Whether a device works: it is asked now.
    ///
    /// # Errors
    /// No such device; `device.busy` if it is at a card for long.
    pub fn device_test(&self, id: &str) -> Answer<TestReport> {
        self.shared.device_test(id).map_err(problem)
    }

    /// What a device is used for here.
    ///
    /// # Errors
    /// No such device.
    pub fn device_role(&self, id: &str, role: Option<DeviceRole>) -> Answer<Status> {
        self.write(|core, _| core.device_role(id, role))?;
        Ok(self.status())
    }

    /// This device and no other is used for that, until the station ends: for a script that names its devices.
    ///
    /// # Errors
    /// No such device.
    pub fn device_for_now(&self, id: &str, role: DeviceRole) -> Answer<Status> {
        self.write(|core, _| core.device_for_now(id, role))?;
        Ok(self.status())
    }

    /// A reader for 125 kHz at a port that is named: one that the list of ports does not tell of.
    ///
    /// # Errors
    /// No such port, or no reader with the Simple Protocol behind it; a rehearsal.
    pub fn tag_reader_at(&self, port: &str) -> Answer<Status> {
        self.write(|core, _| match core.open()?.0.rehearsal() {
            true => Err(StationError::Missing { kind: "device" }),
            false => Ok(()),
        })?;
        lf::open_named(&self.shared, port).map_err(problem)?;
        Ok(self.status())
    }

    /// What is said where several devices would do and none was named; where there is none.
    #[must_use]
    pub fn which_device(&self, what: &'static str, names: &[&str]) -> Problem {
        problem(match names {
            [] => StationError::NoDevice { what },
            names => StationError::WhichDevice { what, names: names.join(", ") },
        })
    }

    /// Adds an IPP printer, or with `file://` a folder that is used as one.
    ///
    /// # Errors
    /// An address that no printer can have; a folder that is none.
    pub fn printer_add(&self, name: &str, uri: &str) -> Answer<Status> {
        self.write(|core, _| core.save_printer(name, uri))?;
        hotplug::add_printer(&self.shared, name, uri).map_err(problem)?;
        self.shared.with(|core| core.apply_saved_roles()).map_err(problem)?;
        Ok(self.status())
    }

    /// Removes a configured printer.
    ///
    /// # Errors
    /// No such printer.
    pub fn printer_remove(&self, id: &str) -> Answer<Status> {
        self.write(|core, _| core.forget_printer(id))?;
        Ok(self.status())
    }

    /// The rehearsal's bench.
    ///
    /// # Errors
    /// Not in rehearsal.
    pub fn bench(&self) -> Answer<BenchView> {
        self.write(|core, _| Ok(core.bench.as_ref().ok_or(StationError::NoBench)?.view()))
    }

    /// What a hand does on the bench.
    ///
    /// # Errors
    /// Not in rehearsal; no such card, reader or printer.
    pub fn bench_do(&self, action: &BenchAction) -> Answer<BenchView> {
        self.write(|core, _| {
            core.bench.as_mut().ok_or(StationError::NoBench)?.act(action)?;
            Ok(())
        })?;
        self.bench()
    }

    /// The simulated reader for 125 kHz behind the bench, for tests that set faults.
    ///
    /// # Errors
    /// Not in rehearsal.
    pub fn bench_tags(&self) -> Answer<std::sync::Arc<std::sync::Mutex<crate::TagDesk>>> {
        self.write(|core, _| Ok(core.bench.as_ref().ok_or(StationError::NoBench)?.tags().desk()))
    }

    /// The simulated desk behind the bench, for tests that set faults.
    ///
    /// # Errors
    /// Not in rehearsal.
    pub fn bench_desk(&self) -> Answer<lanyard_virtual::Bench> {
        self.write(|core, _| Ok(core.bench.as_ref().ok_or(StationError::NoBench)?.desk()))
    }
}
