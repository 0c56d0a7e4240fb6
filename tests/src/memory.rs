//! The memory of another process, as a debugger or a dump would have it (Linux).
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use memchr::memmem::Finder;

/// Everything a process could write to, and all that belongs to no file: heaps, stacks, what libraries keep.
pub struct Memory(Vec<(String, Vec<u8>)>);

impl Memory {
    /// Of a process that stands still, or the pages are of different moments.
    ///
    /// # Panics
    /// Where the process is not there, or not ours to look into.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("the process is there");
        let mut memory = File::open(format!("/proc/{process}/mem")).expect("its memory is ours to read");
        let parts = maps.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next()?, words.next()?);
            let name = words.nth(3).unwrap_or("anonymous");
            let private = rights.starts_with('r') && rights.ends_with('p');
            let writable = rights.contains('w') || !name.starts_with('/');
            if !private || !writable || name.starts_with("[v") {
                return None;
            }
            let (from, to) = range.split_once('-')?;
            let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
            let mut bytes = vec![0; usize::try_from(to - from).ok()?];
            memory.seek(SeekFrom::Start(from)).ok()?;
            // Guard pages and the like cannot be read.
            memory.read_exact(&mut bytes).ok()?;
            Some((format!("{range} {name}"), bytes))
        });
        let memory = Self(parts.collect());
        assert!(memory.0.iter().any(|(name, _)| name.contains("[heap]")), "no heap was read");
        memory
    }

    /// How much of it there is, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where these bytes stand: the part, what is around them.
    #[must_use]
    pub fn places(&self, wanted: &[u8]) -> Vec<String> {
        let finder = Finder::new(wanted);
        let mut places = Vec::new();
        for (name, bytes) in &self.0 {
            for at in finder.find_iter(bytes) {
                let around = &bytes[at.saturating_sub(48)..bytes.len().min(at + wanted.len() + 48)];
                places.push(format!("{name} +{at:x}: {}", around.escape_ascii()));
            }
        }
        places
    }
}
