//! Real devices: readers as PC/SC tells of them, printers as configured.

use std::sync::Arc;
use std::time::Duration;

use lanyard_pcsc::{Canceller, Change, PcscReader, Watcher};
use lanyard_printer_ipp::IppPrinter;

use crate::api::DeviceRole;
use crate::devices::{attach_printer, attach_reader, id_of};
use crate::fileprinter::{self, FilePrinter};
use crate::shared::Shared;
use crate::{StationError, api::DeviceKind};

/// While the service is not running it is asked for this often.
const SERVICE_AGAIN: Duration = Duration::from_secs(2);

/// What the thread that watches for readers is called, where the system shows threads.
const WATCH: &str = "reader watch";

/// Watches for readers until that is cancelled.
pub(crate) fn watch_readers(
    shared: &Arc<Shared>,
    role_of: impl Fn(&str) -> Option<DeviceRole> + Send + 'static,
) -> Canceller {
    let weak = Arc::downgrade(shared);
    let mut watcher = Watcher::new();
    let canceller = watcher.canceller();
    let watch = move || {
        loop {
            let change = watcher.next_change();
            let Some(shared) = weak.upgrade().filter(|shared| !shared.stopping()) else { return };
            match change {
                Ok(Change::Readers(names)) => {
                    for name in names {
                        if shared.attached(&id_of(DeviceKind::Reader, &name)) {
                            continue;
                        }
                        if let Some(reader) = PcscReader::named(&name) {
                            attach_reader(&shared, Box::new(reader), false, role_of(&name));
                        }
                    }
                    shared.readers_listed();
                }
                Ok(Change::Cancelled) => return,
                Err(_) => {
                    shared.readers_listed();
                    drop(shared);
                    std::thread::sleep(SERVICE_AGAIN);
                }
            }
        }
    };
    match std::thread::Builder::new().name(WATCH.to_owned()).spawn(watch) {
        Ok(thread) => shared.keep_thread(thread),
        Err(error) => tracing::error!(kind = %error.kind(), "nobody watches for readers"),
    }
    canceller
}

/// A configured printer.
pub(crate) fn add_printer(shared: &Arc<Shared>, name: &str, uri: &str) -> Result<(), StationError> {
    match fileprinter::folder_of(uri) {
        Some(folder) => attach_printer(shared, Box::new(FilePrinter::at(name, &folder)), false, Some(uri.to_owned())),
        None => attach_printer(shared, Box::new(IppPrinter::new(name, uri)?), false, Some(uri.to_owned())),
    }
    Ok(())
}
