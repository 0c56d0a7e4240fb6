//! Data objects on the card: get and put (SP 800-73-4 part 2 §3.1.2, §3.3.1), and the certificate within one.

use lanyard_apdu::{Command, Expected};

use crate::{Operation, PivError, Slot, sequence::Next, tlv};

/// The largest content that is sent, in bytes; the largest PIV cards take some 3 KiB, so it is an error of ours above.
const LIMIT: usize = 8_192;

/// A data object by its tag, `5FC1xx` (part 1 table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object(pub u32);

impl Object {
    /// Card holder unique identifier.
    pub const CHUID: Self = Self(0x5F_C102);
    /// Card capability container.
    pub const CAPABILITY: Self = Self(0x5F_C107);

    fn tag(self) -> [u8; 3] {
        let [_, tag @ ..] = self.0.to_be_bytes();
        tag
    }
}

/// What an object holds, without its outer tag 53; `None` if it is absent or empty.
pub fn get(object: Object) -> Operation<Option<Vec<u8>>> {
    Operation::new(read(object))
}

pub(crate) fn read(object: Object) -> Next<Option<Vec<u8>>> {
    const STEP: &str = "get data";
    let command =
        Command::new(0, 0xCB, 0x3F, 0xFF).with_data(tlv::field(&[0x5C], &object.tag())).expecting(Expected::Any);
    Next::last(command, |response| {
        // Part 2 table 6: 6A82 data object not found.
        if response.status.0 == 0x6A82 {
            return Ok(None);
        }
        match tlv::take(PivError::unless_ok(STEP, response)?) {
            Some((0x53, content, _)) => Ok((!content.is_empty()).then(|| content.to_vec())),
            _ => Err(PivError::Malformed { step: STEP }),
        }
    })
}

/// Writes an object; the card must be authenticated with the management key. Empty content deletes it. After a pulled card
/// it holds the old content, the new, or none: write it again.
///
/// # Errors (of the operation)
/// [`PivError::Denied`], [`PivError::Full`], [`PivError::TooLong`].
pub fn put(object: Object, content: &[u8]) -> Operation<()> {
    Operation::new(write(object, content))
}

pub(crate) fn write(object: Object, content: &[u8]) -> Next<()> {
    if content.len() > LIMIT {
        return Next::End(Err(PivError::TooLong { len: content.len(), limit: LIMIT }));
    }
    let mut data = tlv::field(&[0x5C], &object.tag());
    tlv::put(&mut data, &[0x53], content);
    Next::last(Command::new(0, 0xDB, 0x3F, 0xFF).with_data(data), |response| {
        PivError::unless_ok("put data", response).map(|_| ())
    })
}

/// Writes a certificate (DER, not compressed) into its slot's object: `70 certificate, 71 00, FE` (part 1 appendix A).
///
/// # Errors (of the operation)
/// As [`put`].
pub fn put_certificate(slot: Slot, der: &[u8]) -> Operation<()> {
    Operation::new(write(slot.certificate(), &certificate_content(der)))
}

pub(crate) fn certificate_content(der: &[u8]) -> Vec<u8> {
    let mut content = tlv::field(&[0x70], der);
    tlv::put(&mut content, &[0x71], &[0]);
    tlv::put(&mut content, &[0xFE], &[]);
    content
}

/// The slot's certificate in DER; `None` if there is none.
///
/// # Errors (of the operation)
/// [`PivError::Compressed`], [`PivError::Malformed`].
pub fn get_certificate(slot: Slot) -> Operation<Option<Vec<u8>>> {
    Operation::new(read_certificate(slot))
}

pub(crate) fn read_certificate(slot: Slot) -> Next<Option<Vec<u8>>> {
    read(slot.certificate()).then(|content| {
        let Some(content) = content else { return Next::End(Ok(None)) };
        let compressed = tlv::find(&content, 0x71).and_then(<[u8]>::first).is_some_and(|info| info & 1 != 0);
        Next::End(match tlv::find(&content, 0x70) {
            _ if compressed => Err(PivError::Compressed),
            Some(der) => Ok(Some(der.to_vec())),
            None => Err(PivError::Malformed { step: "certificate" }),
        })
    })
}
