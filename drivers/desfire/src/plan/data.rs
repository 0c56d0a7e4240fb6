//! Commands that carry a file's content: bytes, records, amounts.

use zeroize::Zeroizing;

use super::{Circumstances, Plan, Want};
use crate::call::Guard;
use crate::ids::three_bytes;
use crate::session::Session;
use crate::{CommMode, DesfireError, FileNo};

/// File number, where in it, length of the data.
pub(super) fn place(file: FileNo, at: &[u32], data: &[u8]) -> Result<Vec<u8>, DesfireError> {
    let length = u32::try_from(data.len()).map_err(|_| DesfireError::Invalid { what: "length" })?;
    extent(file, at, length)
}

fn extent(file: FileNo, at: &[u32], length: u32) -> Result<Vec<u8>, DesfireError> {
    if length == 0 {
        return Err(DesfireError::Invalid { what: "length" });
    }
    let mut header = vec![file.get()];
    for at in at {
        header.extend_from_slice(&three_bytes(*at, "offset")?);
    }
    header.extend_from_slice(&three_bytes(length, "length")?);
    Ok(header)
}

pub(super) fn read(
    op: &'static str,
    now: &Circumstances<'_>,
    file: FileNo,
    offset: u32,
    length: u32,
    mode: CommMode,
) -> Result<Plan, DesfireError> {
    let header = extent(file, &[offset], length)?;
    Ok(reading(op, now, [0xBD, 0xAD], header, length as usize, mode))
}

pub(super) fn read_records(
    op: &'static str,
    now: &Circumstances<'_>,
    file: FileNo,
    newest: u32,
    (count, record_size): (u32, u32),
    mode: CommMode,
) -> Result<Plan, DesfireError> {
    let header = extent(file, &[newest], count)?;
    three_bytes(record_size, "record size")?;
    let length = count.checked_mul(record_size).filter(|length| (1..1 << 24).contains(length));
    let length = length.ok_or(DesfireError::Invalid { what: "length" })?;
    Ok(reading(op, now, [0xBB, 0xAB], header, length as usize, mode))
}

fn reading(
    op: &'static str,
    now: &Circumstances<'_>,
    [short, long_ins]: [u8; 2],
    header: Vec<u8>,
    length: usize,
    mode: CommMode,
) -> Plan {
    let long = long(now, 0, length, mode);
    let ins = if long { long_ins } else { short };
    Plan { long, ..Plan::new(op, ins, header, Guard::Read { mode, length }, Want::Data(length)) }
}

pub(super) fn write(
    op: &'static str,
    now: &Circumstances<'_>,
    [short, long_ins]: [u8; 2],
    header: Vec<u8>,
    data: Vec<u8>,
    mode: CommMode,
) -> Result<Plan, DesfireError> {
    let long = long(now, header.len(), data.len(), mode);
    let ins = if long { long_ins } else { short };
    let plan = Plan::new(op, ins, header, Guard::Write { mode }, Want::Nothing);
    Ok(Plan { long, ..plan }.with_data(Zeroizing::new(data)))
}

pub(super) fn value(
    op: &'static str,
    ins: u8,
    file: FileNo,
    amount: u32,
    mode: CommMode,
) -> Result<Plan, DesfireError> {
    let amount = i32::try_from(amount).map_err(|_| DesfireError::Invalid { what: "amount" })?;
    let plan = Plan::new(op, ins, vec![file.get()], Guard::Write { mode }, Want::Nothing);
    Ok(plan.with_data(Zeroizing::new(amount.to_le_bytes().to_vec())))
}

/// Whether the long form of a command saves an exchange: it does not fit into one frame, but into one APDU.
fn long(now: &Circumstances<'_>, header: usize, data: usize, mode: CommMode) -> bool {
    let sealed = match (now.session, mode) {
        (Session::Ev2(_), CommMode::Full) => (data + 1).next_multiple_of(16) + 8,
        (Session::Ev2(_), CommMode::Mac) => data + 8,
        (Session::Ev2(_) | Session::None, CommMode::Plain) => data,
        // Long commands came with EV2; what EV1 messaging makes of them is not known.
        _ => return false,
    };
    now.link.long_commands && header + sealed > now.link.payload() && header + sealed <= now.link.apdu()
}
