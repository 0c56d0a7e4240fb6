//! Reads a bundle that anybody may have made: bounds on files, names, sizes and ratio before a byte is unpacked.
//!
//! The ZIP's own checksums are passed over: a verdict rests on hashes and signatures, and a changed byte is to be
//! named for what it is.

use std::io::{self, Read, Seek, SeekFrom};

use lanyard_model::Id;
use zip::{CompressionMethod, ZipArchive};

use super::{NO_ZIP, SCOPE};
use crate::{Error, Hash, MAX_LEN, hex};

const MAX_FILES: usize = 1 << 21;
const MAX_NAME: usize = 255;
const MAX_TOTAL: u64 = 1 << 38;
/// Entries deflate to a half, the JSON files to a tenth. What unpacks to a hundred times its size was made to.
const MAX_RATIO: u64 = 100;
const RATIO_FREE: u64 = 1 << 20;
/// Of a file that is read whole: scope, checkpoint, proof.
const MAX_SMALL: u64 = 64 << 20;

fn unreadable<T>(why: &'static str) -> Result<T, Error> {
    Err(Error::Bundle { why })
}

fn failed(error: zip::result::ZipError) -> Error {
    match error {
        zip::result::ZipError::Io(error) => Error::Io(error),
        zip::result::ZipError::CompressionMethodNotSupported(_) => {
            Error::Bundle { why: "a file is neither stored nor deflated" }
        }
        _ => Error::Bundle { why: NO_ZIP },
    }
}

/// What a bundle says it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Writer, last seq, head.
    Whole(Vec<(Id, u64, Hash)>),
    /// An extract: about how many records.
    Records(u64),
}

pub(crate) struct Bundle<R> {
    zip: ZipArchive<R>,
}

impl<R: Read + Seek> Bundle<R> {
    pub(crate) fn open(mut reader: R) -> Result<Self, Error> {
        let length = reader.seek(SeekFrom::End(0))?;
        let zip = ZipArchive::new(reader).map_err(failed)?;
        if zip.len() > MAX_FILES {
            return Err(Error::TooLarge { what: "files", size: zip.len() as u64, limit: MAX_FILES as u64 });
        }
        if zip.offset() != 0 || zip.has_duplicate_names() {
            return unreadable("a name twice, or bytes before the ZIP");
        }
        let mut this = Self { zip };
        let (mut packed, mut total) = (0_u64, 0_u64);
        for index in 0..this.zip.len() {
            let file = this.zip.by_index_raw(index).map_err(failed)?;
            let name = file.name_raw();
            let plain = name.len() <= MAX_NAME
                && name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
                && !name.starts_with(b"/")
                && !name.split(|byte| *byte == b'/').any(|part| part == b"..");
            if !plain {
                return unreadable("a name that no exporter writes");
            }
            if file.encrypted() {
                return unreadable("a file is encrypted");
            }
            if !matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
                return unreadable("a file is neither stored nor deflated");
            }
            let (size, compressed) = (file.size(), file.compressed_size());
            packed = packed.saturating_add(compressed);
            total = total.saturating_add(size);
            if size > RATIO_FREE.saturating_add(compressed.saturating_mul(MAX_RATIO)) {
                return unreadable("a file unpacks to a hundred times its size");
            }
        }
        // Files that overlap would make much out of little.
        if packed > length {
            return unreadable("files overlap");
        }
        if total > MAX_TOTAL {
            return Err(Error::TooLarge { what: "bytes unpacked", size: total, limit: MAX_TOTAL });
        }
        Ok(this)
    }

    /// Names that begin so, in the order of the ZIP.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.zip.file_names_raw().filter(|name| name.starts_with(prefix.as_bytes()));
        names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// A file, never more of it than it claims to be. `None` where there is none.
    pub(crate) fn file(&mut self, name: &str) -> Result<Option<impl Read>, Error> {
        let Some(index) = self.zip.index_for_name_raw(name.as_bytes()) else { return Ok(None) };
        let file = self.zip.by_index(index).map_err(failed)?;
        let size = file.size();
        // `take` ends before the archive's own end, where it would compare its checksum.
        Ok(Some(file.take(size)))
    }

    pub(crate) fn size(&mut self, name: &str) -> Option<u64> {
        let index = self.zip.index_for_name_raw(name.as_bytes())?;
        self.zip.by_index_raw(index).ok().map(|file| file.size())
    }

    /// A small file, whole.
    pub(crate) fn whole(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let size = file.take(MAX_SMALL + 1).read_to_end(&mut bytes)? as u64;
        if size > MAX_SMALL {
            return Err(Error::TooLarge { what: "bytes of a small file", size, limit: MAX_SMALL });
        }
        Ok(Some(bytes))
    }

    pub(crate) fn claim(&mut self) -> Result<Claim, Error> {
        let Some(bytes) = self.whole(SCOPE)? else { return Err(Error::FileMissing { name: SCOPE }) };
        let scope: Scope = match serde_json::from_slice(&bytes) {
            Ok(scope) => scope,
            Err(_) => return unreadable("scope.json is malformed"),
        };
        match scope {
            Scope { whole: Some(chains), records: None } => {
                let chain = |(writer, seq, head): (Id, u64, String)| Some((writer, seq, hex::decode_fixed(&head)?));
                match chains.into_iter().map(chain).collect() {
                    Some(chains) => Ok(Claim::Whole(chains)),
                    None => unreadable("scope.json is malformed"),
                }
            }
            Scope { whole: None, records: Some(ids) } => Ok(Claim::Records(ids.len() as u64)),
            _ => unreadable("scope.json is malformed"),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    whole: Option<Vec<(Id, u64, String)>>,
    records: Option<Vec<Id>>,
}

/// A sliding view of a sequence: at least the longest item, or all that is left.
pub(crate) struct Window<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of the window's first byte in the file.
    pub(crate) offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, buffer: vec![0; 512 * 1024], start: 0, end: 0, offset: 0, ended: false }
    }

    /// The bytes from here on: more than [`MAX_LEN`], unless the file ends. Empty at its end.
    pub(crate) fn look(&mut self) -> io::Result<&[u8]> {
        if self.end - self.start <= MAX_LEN && !self.ended {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < self.buffer.len() {
                match self.from.read(&mut self.buffer[self.end..]) {
                    Ok(0) => {
                        self.ended = true;
                        break;
                    }
                    Ok(read) => self.end += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Passes over bytes that were looked at.
    pub(crate) fn pass(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += len as u64;
    }
}
