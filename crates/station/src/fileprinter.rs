//! A folder as a printer: a job becomes a PDF in it, whole or not at all, and never in place of another file. Who may do
//! so, and why, is asked before the job comes here (`printing`).

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use lanyard_device::{DeviceError, JobId, JobState, PrintJob, Printer, PrinterState};

use crate::StationError;

/// How the address of such a printer begins; what follows is the folder, as the system names it.
const SCHEME: &str = "file://";

/// The folder that an address names, if it names one.
pub(crate) fn folder_of(uri: &str) -> Option<PathBuf> {
    uri.strip_prefix(SCHEME).map(PathBuf::from)
}

/// A folder that takes jobs.
pub(crate) struct FilePrinter {
    name: String,
    folder: PathBuf,
}

/// The name that a job's file gets: titles are card number, attempt and a part of the case, `C-0048821/1/5c01d2aa`.
pub(crate) fn file_name(title: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("{}.pdf", title.chars().map(plain).collect::<String>())
}

impl FilePrinter {
    /// # Errors
    /// A folder that is none, or is not named from the root.
    pub(crate) fn new(name: &str, folder: &Path) -> Result<Self, StationError> {
        if !folder.is_absolute() || !folder.is_dir() {
            let what = folder.display().to_string();
            return Err(StationError::File { what, kind: ErrorKind::NotADirectory });
        }
        Ok(Self::at(name, folder))
    }

    /// One that was added before. Its folder may have gone since: so has the printer, then, until it is back.
    pub(crate) fn at(name: &str, folder: &Path) -> Self {
        Self { name: name.to_owned(), folder: folder.to_owned() }
    }

    fn refused(&self, error: &std::io::Error) -> DeviceError {
        let reason = match error.kind() {
            ErrorKind::AlreadyExists => "file-exists",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "disk-full",
            _ => "folder-refused",
        };
        DeviceError::Refused { device: self.name.clone(), reason: reason.to_owned() }
    }

    /// Written beside, synced, and given its name where nothing has it yet: at no moment is half a file there under it.
    fn write(&self, name: &str, pdf: &[u8]) -> std::io::Result<()> {
        self.sweep(name);
        let beside = tempfile::Builder::new().prefix(&beside(name)).tempfile_in(&self.folder)?;
        beside.as_file().write_all(pdf)?;
        beside.as_file().sync_all()?;
        beside.persist_noclobber(self.folder.join(name)).map_err(|error| error.error)?;
        lanyard_store::sync_dir(&self.folder)
    }

    /// What a program that was killed amid this very job left.
    fn sweep(&self, name: &str) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let beside = beside(name);
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&beside)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn beside(name: &str) -> String {
    format!(".{name}.part-")
}

impl Printer for FilePrinter {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&mut self) -> Result<PrinterState, DeviceError> {
        if self.folder.is_dir() {
            return Ok(PrinterState::Ready);
        }
        Err(DeviceError::Gone { device: self.name.clone() })
    }

    fn submit(&mut self, job: &PrintJob) -> Result<JobId, DeviceError> {
        let name = file_name(&job.title);
        self.write(&name, &job.pdf).map_err(|error| self.refused(&error))?;
        Ok(JobId(name))
    }

    fn find(&mut self, title: &str) -> Result<Option<JobId>, DeviceError> {
        let name = file_name(title);
        Ok(self.folder.join(&name).is_file().then_some(JobId(name)))
    }

    /// What has its name is whole.
    fn job(&mut self, _: &JobId) -> Result<JobState, DeviceError> {
        Ok(JobState::Printed)
    }

    /// A file that was asked for and counted stays.
    fn cancel(&mut self, _: &JobId) -> Result<(), DeviceError> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test stops where it fails")]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    const FOLDER: &str = "LANYARD_TEST_FILE_PRINTER";

    fn job(title: &str, size: usize) -> PrintJob {
        let mut pdf = vec![b'x'; size];
        pdf.extend_from_slice(b"%%EOF");
        PrintJob { title: title.to_owned(), pdf }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over_and_the_refusal_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut printer = FilePrinter::new("Folder", folder.path()).unwrap();
        std::fs::write(folder.path().join("C-1-1.pdf"), b"another's").unwrap();
        let refused = DeviceError::Refused { device: "Folder".to_owned(), reason: "file-exists".to_owned() };
        assert_eq!(printer.submit(&job("C-1/1", 10)), Err(refused));
        assert_eq!(std::fs::read(folder.path().join("C-1-1.pdf")).unwrap(), b"another's");
        assert_eq!(printer.submit(&job("C-1/2", 10)).unwrap().0, "C-1-2.pdf");
        assert_eq!(names(folder.path()), ["C-1-1.pdf", "C-1-2.pdf"], "and nothing is left beside");
    }

    #[test]
    fn no_title_leaves_the_folder() {
        assert_eq!(file_name("../../etc/passwd\0"), "------etc-passwd-.pdf");
        let folder = tempfile::tempdir().unwrap();
        for none in [Path::new("badges"), &folder.path().join("not there"), Path::new("")] {
            let error = FilePrinter::new("Folder", none).err().unwrap();
            assert_eq!(lanyard_fault::Coded::code(&error), "file.failed", "{}", none.display());
        }
    }

    #[test]
    fn a_folder_that_has_gone_is_a_printer_that_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut printer = FilePrinter::new("Folder", folder.path()).unwrap();
        assert_eq!(printer.state(), Ok(PrinterState::Ready));
        folder.close().unwrap();
        assert_eq!(printer.state(), Err(DeviceError::Gone { device: "Folder".to_owned() }));
        let refused = DeviceError::Refused { device: "Folder".to_owned(), reason: "folder-refused".to_owned() };
        assert_eq!(printer.submit(&job("C-1/1", 10)), Err(refused));
    }

    /// What is killed: prints without end. Does nothing in a plain test run.
    #[test]
    fn the_program_that_is_killed() {
        let Ok(folder) = std::env::var(FOLDER) else { return };
        let mut printer = FilePrinter::new("Folder", Path::new(&folder)).unwrap();
        let first = names(Path::new(&folder)).iter().filter(|name| name.ends_with(".pdf")).count() + 1;
        for n in first.. {
            println!("NEXT {n}");
            printer.submit(&job(&format!("C-{n}/1"), 4 << 20)).unwrap();
        }
    }

    #[test]
    fn a_program_killed_while_it_prints_leaves_no_half_file_and_the_job_done_again_sweeps_what_lay_beside() {
        let folder = tempfile::tempdir().unwrap();
        let mut torn = 0;
        for round in 0..8_u64 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["fileprinter::tests::the_program_that_is_killed", "--exact", "--nocapture"])
                .env(FOLDER, folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("NEXT")).expect("it begins");
            std::thread::sleep(std::time::Duration::from_micros(900 * round));
            child.kill().unwrap();
            child.wait().unwrap();
            for name in names(folder.path()) {
                let bytes = std::fs::read(folder.path().join(&name)).unwrap();
                let whole = bytes.len() == (4 << 20) + 5 && bytes.ends_with(b"%%EOF");
                assert!(whole || !name.ends_with(".pdf"), "{name}: {} bytes", bytes.len());
                torn += usize::from(!name.ends_with(".pdf"));
            }
        }
        assert!(torn > 0, "none was killed in the middle");
        let left = names(folder.path());
        let mut printer = FilePrinter::new("Folder", folder.path()).unwrap();
        for name in left.iter().filter(|name| name.starts_with('.')) {
            let title = name.trim_start_matches('.').split(".pdf").next().unwrap();
            if printer.find(title).unwrap().is_none() {
                printer.submit(&job(title, 10)).unwrap();
            }
        }
        assert!(names(folder.path()).iter().all(|name| name.ends_with(".pdf")), "{:?}", names(folder.path()));
    }
}
