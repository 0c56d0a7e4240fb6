//! What the station remembers of its devices: roles and configured printers.

use std::collections::BTreeMap;

use lanyard_model::{Change, Id, Kind, UnixMs, Value};
use lanyard_store::StoreError;

use crate::api::DeviceRole;
use crate::house::FACILITY;
use crate::operators::{NAME_LONGEST, is_name};
use crate::shared::{Core, Shared};
use crate::{StationError, fileprinter, kept};

const PRINTERS: &str = "printers";
const ROLES: &str = "roles";

impl Shared {
    /// The list of readers was read at least once.
    pub(crate) fn readers_listed(&self) {
        self.with(|core| {
            core.readers_listed = true;
            core.status_changed();
        });
    }
}

impl Core {
    fn setting<T: serde::de::DeserializeOwned + Default>(&mut self, key: &str) -> Result<T, StationError> {
        let (house, _) = self.open()?;
        let text = house.store.view().setting(key)?;
        match text {
            Some(text) => Ok(serde_json::from_str(&text).map_err(|_| StoreError::Damaged { what: "setting" })?),
            None => Ok(T::default()),
        }
    }

    fn set<T: serde::Serialize>(&mut self, key: &str, value: &T) -> Result<(), StationError> {
        let text = kept::json("setting", value)?;
        let (house, _) = self.open()?;
        if crate::house::writes(house) {
            house.store.write(|tx| tx.set_setting(key, Some(&text)))?;
        }
        Ok(())
    }

    /// The facility code of 26-bit numbers from now on.
    pub(crate) fn set_facility(&mut self, code: u8, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let change = Change::new("station.facility_set", house.station_record()).field("facility", i64::from(code));
        let by = session.did();
        house.store.write(|tx| {
            tx.set_setting(FACILITY, Some(&code.to_string()))?;
            tx.commit(&change, &by, now)
        })?;
        Ok(())
    }

    pub(crate) fn saved_printers(&mut self) -> Result<BTreeMap<String, String>, StationError> {
        self.setting(PRINTERS)
    }

    pub(crate) fn save_printer(&mut self, name: &str, uri: &str) -> Result<(), StationError> {
        if !is_name(name) {
            return Err(StationError::DeviceName { longest: NAME_LONGEST });
        }
        match fileprinter::folder_of(uri) {
            Some(folder) => drop(fileprinter::FilePrinter::new(name, &folder)?),
            None => drop(lanyard_printer_ipp::IppPrinter::new(name, uri)?),
        }
        // What is printed in rehearsal goes into a folder at most: it could be taken for a badge.
        if self.open()?.0.rehearsal() && fileprinter::folder_of(uri).is_none() {
            return Err(StationError::Missing { kind: "real house" });
        }
        let mut printers = self.saved_printers()?;
        printers.insert(name.to_owned(), uri.to_owned());
        self.set(PRINTERS, &printers)
    }

    pub(crate) fn forget_printer(&mut self, id: &str) -> Result<(), StationError> {
        let device = self.devices.get(id).filter(|device| device.uri.is_some());
        let name = device.ok_or(StationError::Missing { kind: "printer" })?.name.clone();
        let mut printers = self.saved_printers()?;
        printers.remove(&name);
        self.set(PRINTERS, &printers)?;
        self.devices.remove(id);
        self.tests.remove(id);
        self.status_changed();
        Ok(())
    }

    /// What a device was used for, once somebody has signed in; before that the store is closed.
    pub(crate) fn saved_role(&mut self, name: &str) -> Option<DeviceRole> {
        match self.setting::<BTreeMap<String, DeviceRole>>(ROLES) {
            Ok(roles) => roles.get(name).copied(),
            Err(StationError::Locked | StationError::NoHouse) => None,
            // Whoever signs in, or chooses a role, is told.
            Err(error) => {
                tracing::error!(code = lanyard_fault::Coded::code(&error), "the roles of devices cannot be read");
                None
            }
        }
    }

    pub(crate) fn apply_saved_roles(&mut self) -> Result<(), StationError> {
        let roles: BTreeMap<String, DeviceRole> = self.setting(ROLES)?;
        for device in self.devices.values_mut() {
            if let Some(role) = roles.get(&device.name) {
                device.role = Some(*role);
            }
        }
        self.status_changed();
        Ok(())
    }

    pub(crate) fn device_role(&mut self, id: &str, role: Option<DeviceRole>) -> Result<(), StationError> {
        let missing = || StationError::Missing { kind: "device" };
        let name = self.devices.get(id).ok_or_else(missing)?.name.clone();
        let mut roles: BTreeMap<String, DeviceRole> = self.setting(ROLES)?;
        match role {
            Some(role) => roles.insert(name, role),
            None => roles.remove(&name),
        };
        self.set(ROLES, &roles)?;
        // Only now: what was refused has changed nothing.
        self.devices.get_mut(id).ok_or_else(missing)?.role = role;
        self.status_changed();
        Ok(())
    }

    /// Without saving it: what is named for one run says nothing of the next.
    pub(crate) fn device_for_now(&mut self, id: &str, role: DeviceRole) -> Result<(), StationError> {
        if !self.devices.contains_key(id) {
            return Err(StationError::Missing { kind: "device" });
        }
        for (other, device) in &mut self.devices {
            if other == id {
                device.role = Some(role);
            } else if device.role == Some(role) {
                device.role = None;
            }
        }
        self.status_changed();
        Ok(())
    }

    /// The certificates of a card, newest first, and the CA's, PEM.
    pub(crate) fn certificates(&mut self, card: Id) -> Result<(Vec<String>, String), StationError> {
        let (house, session) = self.open()?;
        let view = house.store.view();
        let mut pems = Vec::new();
        for credential in view.records_of(Kind::Credential, "card", card)? {
            for certificate in view.records_of(Kind::Certificate, "credential", credential.of.id)? {
                if let Some(der) = certificate.fields.get("der").and_then(Value::as_bytes) {
                    pems.insert(0, lanyard_keys::ca::pem(der)?);
                }
            }
        }
        Ok((pems, session.vault.ca().certificate_pem()))
    }
}
