//! A small disk of a test's own, to be filled: a tmpfs, which takes root.
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mounted as long as this lives.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// A disk of this size (`4M`) at a folder.
    ///
    /// # Panics
    /// Without root.
    #[must_use]
    pub fn mount(at: &Path, size: &str) -> Self {
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "lanyard-test"]).arg(at).status();
        assert!(mounted.expect("mount runs").success(), "mounting a tmpfs takes root");
        Self(at.to_owned())
    }

    /// Takes all room but so many bytes.
    ///
    /// # Panics
    /// Where the disk is gone.
    pub fn fill(&self, free: usize) {
        let path = self.0.join("ballast");
        let _ = std::fs::remove_file(&path);
        let mut file = File::create(path).expect("a file");
        let mut size = 0;
        while file.write_all(&[0; 4096]).is_ok() {
            size += 4096;
        }
        file.set_len((size - free.min(size)) as u64).expect("a shorter file");
    }

    /// Gives it another size.
    ///
    /// # Panics
    /// Where what is there does not fit.
    pub fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        let mounted = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        assert!(mounted.expect("mount runs").success());
    }

    /// From now on nothing can be written on it, by root neither.
    ///
    /// # Panics
    /// Where a file on it is open to be written.
    pub fn protect(&self) {
        let mounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status();
        assert!(mounted.expect("mount runs").success());
    }

    /// Gives the room back that [`Self::fill`] took.
    ///
    /// # Panics
    /// Where it was not filled.
    pub fn empty(&self) {
        std::fs::remove_file(self.0.join("ballast")).expect("the ballast");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
