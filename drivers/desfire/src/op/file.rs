//! New files, and what their commands carry.

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::ids::three_bytes;
use crate::{AccessRights, CommMode, DesfireError, FileNo, KeyVersion};

/// A data file, written at once or with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `CD`.
    Standard,
    /// `CB`: takes twice the memory.
    Backup,
}

/// A new data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its number.
    pub file: FileNo,
    /// Standard or backup.
    pub kind: FileKind,
    /// ISO file identifier, where the application has one.
    pub iso_fid: Option<u16>,
    /// How its data travels.
    pub mode: CommMode,
    /// Who may do what.
    pub rights: AccessRights,
    /// [`ChangeFileSettings`](crate::Op::ChangeFileSettings) can give it further sets of rights (EV2).
    pub further_rights: bool,
    /// In bytes, 1 to 16,777,215.
    pub size: u32,
}

/// A new value file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewValueFile {
    /// Its number.
    pub file: FileNo,
    /// How its value travels.
    pub mode: CommMode,
    /// Who may do what: read and write also debit, write and read-write also limited credit, read-write credit.
    pub rights: AccessRights,
    /// As [`NewFile::further_rights`].
    pub further_rights: bool,
    /// Lowest value.
    pub lower: i32,
    /// Highest value.
    pub upper: i32,
    /// At first.
    pub value: i32,
    /// Limited credit is possible.
    pub limited_credit: bool,
    /// Anyone may read the value.
    pub free_get_value: bool,
}

/// A new record file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRecordFile {
    /// Its number.
    pub file: FileNo,
    /// When full, the oldest record is overwritten. One of `capacity` is always the one being written.
    pub cyclic: bool,
    /// ISO file identifier, where the application has one.
    pub iso_fid: Option<u16>,
    /// How its data travels.
    pub mode: CommMode,
    /// Who may do what.
    pub rights: AccessRights,
    /// As [`NewFile::further_rights`].
    pub further_rights: bool,
    /// Bytes in one record, 1 to 16,777,215.
    pub record_size: u32,
    /// How many records, 1 to 16,777,215; of a cyclic file at least 2.
    pub capacity: u32,
}

/// A new transaction MAC file (EV2, one an application).
pub struct NewTransactionMacFile {
    /// Its number.
    pub file: FileNo,
    /// How its content travels.
    pub mode: CommMode,
    /// Who may do what: `write` is never, `read_write` says who may [`CommitReaderId`](crate::Op::CommitReaderId).
    pub rights: AccessRights,
    /// AES, under which the card makes the MAC.
    pub key: Secret<16>,
    /// Its version.
    pub version: KeyVersion,
}

fn head(file: FileNo, iso_fid: Option<u16>, mode: CommMode, rights: AccessRights, further: bool) -> Vec<u8> {
    let mut out = vec![file.get()];
    if let Some(fid) = iso_fid {
        out.extend_from_slice(&fid.to_le_bytes());
    }
    out.push(mode.wire() | u8::from(further) << 7);
    out.extend_from_slice(&rights.wire());
    out
}

impl NewFile {
    pub(crate) fn wire(&self) -> Result<(u8, Vec<u8>), DesfireError> {
        if self.size == 0 {
            return Err(DesfireError::Invalid { what: "file size" });
        }
        let mut out = head(self.file, self.iso_fid, self.mode, self.rights, self.further_rights);
        out.extend_from_slice(&three_bytes(self.size, "file size")?);
        let ins = match self.kind {
            FileKind::Standard => 0xCD,
            FileKind::Backup => 0xCB,
        };
        Ok((ins, out))
    }
}

impl NewValueFile {
    pub(crate) fn wire(&self) -> Result<Vec<u8>, DesfireError> {
        if self.lower > self.upper || !(self.lower..=self.upper).contains(&self.value) {
            return Err(DesfireError::Invalid { what: "limits of a value" });
        }
        let mut out = head(self.file, None, self.mode, self.rights, self.further_rights);
        for value in [self.lower, self.upper, self.value] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out.push(u8::from(self.limited_credit) | u8::from(self.free_get_value) << 1);
        Ok(out)
    }
}

impl NewRecordFile {
    pub(crate) fn wire(&self) -> Result<(u8, Vec<u8>), DesfireError> {
        let least = if self.cyclic { 2 } else { 1 };
        if self.record_size == 0 || self.capacity < least {
            return Err(DesfireError::Invalid { what: "records" });
        }
        let mut out = head(self.file, self.iso_fid, self.mode, self.rights, self.further_rights);
        out.extend_from_slice(&three_bytes(self.record_size, "record size")?);
        out.extend_from_slice(&three_bytes(self.capacity, "number of records")?);
        Ok((if self.cyclic { 0xC0 } else { 0xC1 }, out))
    }
}

impl NewTransactionMacFile {
    /// In the clear, and enciphered.
    pub(crate) fn wire(&self) -> (Vec<u8>, Zeroizing<Vec<u8>>) {
        let mut out = head(self.file, None, self.mode, self.rights, false);
        // TMKeyOption: AES, the only one.
        out.push(2);
        let mut data = Zeroizing::new(Vec::with_capacity(17));
        data.extend_from_slice(self.key.expose());
        data.push(self.version.0);
        (out, data)
    }
}
