//! The vault's bytes: `LYVAULT` ‖ version ‖ kind ‖ house in the clear and authenticated, then the sealed contents, a
//! sequence of (tag, length, value). Written into buffers of the exact size, so that no copy of a key stays behind.

use std::collections::BTreeMap;

use lanyard_model::{Id, UnixMs};
use lanyard_secret::{Secret, SecretBytes};
use zeroize::Zeroizing;

use crate::ca::Ca;
use crate::home::{KeySize, MasterKey};
use crate::masters::{Kept, Master, Masters};
use crate::seal::{open, seal};
use crate::vault::{HouseKind, KeyRef, Vault};
use crate::{CheckValue, Entropy, KeysError};

const MAGIC: &[u8; 7] = b"LYVAULT";
/// 2: when a backup was last proved, and keys that live in tokens.
const VERSION: u8 = 2;
const HEADER: usize = 7 + 1 + 1 + 16;
const MOST: usize = 8 << 20;

const ENTRY: u8 = 1;
const CHECKPOINT: u8 = 2;
const CARD_RECORD: u8 = 3;
/// A key that version 1 made and nothing used: read over, written no more.
const COSIGN: u8 = 4;
const CA_KEY: u8 = 5;
const CA_CERTIFICATE: u8 = 6;
const PUK_KEY: u8 = 7;
/// As version 1 wrote them.
const MASTER_1: u8 = 8;
const MASTER: u8 = 9;
const MASTER_IN_TOKEN: u8 = 10;

fn header(kind: HouseKind, house: Id) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..7].copy_from_slice(MAGIC);
    header[7] = VERSION;
    header[8] = kind.byte();
    header[9..].copy_from_slice(&house.0);
    header
}

pub(crate) fn to_sealed(vault: &Vault, key: &Secret<32>, entropy: &mut Entropy) -> Result<Vec<u8>, KeysError> {
    let header = header(vault.kind, vault.house);
    let plain = plain(vault);
    if plain.len() > MOST {
        return Err(KeysError::VaultFull { what: "keys" });
    }
    let sealed = seal(key, &header, &plain, entropy).ok_or(KeysError::VaultFull { what: "keys" })?;
    Ok([&header[..], &sealed].concat())
}

pub(crate) fn from_sealed(bytes: &[u8], key: &Secret<32>, kind: HouseKind) -> Result<Vault, KeysError> {
    let (head, sealed) = bytes.split_first_chunk::<HEADER>().ok_or(KeysError::VaultDamaged)?;
    if head[..7] != *MAGIC || bytes.len() > MOST + 1024 {
        return Err(KeysError::VaultDamaged);
    }
    if head[7] > VERSION {
        return Err(KeysError::VaultNewer { found: head[7], known: VERSION });
    }
    let found = HouseKind::of_byte(head[8]).ok_or(KeysError::VaultDamaged)?;
    if found != kind {
        return Err(KeysError::VaultKind { asked: kind, found });
    }
    // The header as read is what was authenticated: a forged kind does not open.
    let plain = open(key, head, sealed).ok_or(KeysError::VaultDamaged)?;
    let mut house = [0; 16];
    house.copy_from_slice(&head[9..]);
    parse(&plain, found, Id(house)).ok_or(KeysError::VaultDamaged)
}

fn plain(vault: &Vault) -> Zeroizing<Vec<u8>> {
    let masters: Vec<_> = vault.masters.all.iter().map(|(of, master)| master_bytes(of, master)).collect();
    let mut items: Vec<(u8, &[u8])> = vec![
        (ENTRY, vault.entry.expose()),
        (CHECKPOINT, vault.checkpoint.expose()),
        (CARD_RECORD, vault.card_record.expose()),
        (CA_KEY, vault.ca.key().expose()),
        (CA_CERTIFICATE, vault.ca.certificate()),
        (PUK_KEY, vault.puk.expose()),
    ];
    items.extend(masters.iter().map(|(tag, bytes)| (*tag, bytes.as_slice())));
    let len = items.iter().map(|(_, value)| 5 + value.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    for (tag, value) in items {
        out.push(tag);
        // A value is a key, a certificate or a name: far below 4 GiB.
        out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(value);
    }
    out
}

/// version ‖ made (8) ‖ proved (8, 0 where never) ‖ length of name ‖ name, then the key (16 or 24 bytes), or where it is:
/// check value (3) ‖ its length ‖ serial number of the token.
fn master_bytes(of: &KeyRef, master: &Master) -> (u8, Zeroizing<Vec<u8>>) {
    let place;
    let (tag, rest) = match &master.key {
        Kept::Here(key) => (MASTER, key.expose()),
        Kept::Token { serial, size, check } => {
            place = [&check.0[..], &[size.bytes() as u8], serial.as_bytes()].concat();
            (MASTER_IN_TOKEN, place.as_slice())
        }
    };
    let mut out = Zeroizing::new(Vec::with_capacity(18 + of.name.len() + rest.len()));
    out.push(of.version);
    out.extend_from_slice(&master.made.0.to_be_bytes());
    out.extend_from_slice(&master.proved.map_or(0, |at| at.0).to_be_bytes());
    out.push(of.name.len() as u8);
    out.extend_from_slice(of.name.as_bytes());
    out.extend_from_slice(rest);
    (tag, out)
}

fn parse(plain: &SecretBytes, kind: HouseKind, house: Id) -> Option<Vault> {
    let mut rest = plain.expose();
    let mut single: BTreeMap<u8, &[u8]> = BTreeMap::new();
    let mut masters = BTreeMap::new();
    while let Some((tag, after)) = rest.split_first() {
        let (len, after) = after.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        rest = after;
        match *tag {
            MASTER_1 | MASTER | MASTER_IN_TOKEN => {
                let (of, master) = parse_master(*tag, value)?;
                if masters.insert(of, master).is_some() {
                    return None;
                }
            }
            COSIGN => {}
            ENTRY..=PUK_KEY => {
                if single.insert(*tag, value).is_some() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    let key = |tag| Secret::from_slice(single.get(&tag)?);
    Some(Vault {
        house,
        kind,
        entry: key(ENTRY)?,
        checkpoint: key(CHECKPOINT)?,
        card_record: key(CARD_RECORD)?,
        ca: Ca::from_parts(key(CA_KEY)?, single.get(&CA_CERTIFICATE)?.to_vec()).ok()?,
        puk: key(PUK_KEY)?,
        masters: Masters { kind, all: masters, now: UnixMs(0) },
        token: None,
    })
}

fn parse_master(tag: u8, value: &[u8]) -> Option<(KeyRef, Master)> {
    let time = |bytes: &[u8; 8]| UnixMs(i64::from_be_bytes(*bytes));
    let (version, rest) = value.split_first()?;
    let (made, proved, rest) = if tag == MASTER_1 {
        // Version 1 said only that it was proved: at the latest then the year begins with the key.
        let (proved, rest) = rest.split_first()?;
        let (made, rest) = rest.split_first_chunk::<8>()?;
        (time(made), (*proved == 1).then(|| time(made)), rest)
    } else {
        let (made, rest) = rest.split_first_chunk::<8>()?;
        let (proved, rest) = rest.split_first_chunk::<8>()?;
        (time(made), Some(time(proved)).filter(|at| at.0 != 0), rest)
    };
    let (len, rest) = rest.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*len))?;
    let of = KeyRef::new(std::str::from_utf8(name).ok()?, *version).ok()?;
    let key = if tag == MASTER_IN_TOKEN {
        let (check, rest) = rest.split_first_chunk::<3>()?;
        let (size, serial) = rest.split_first()?;
        let serial = std::str::from_utf8(serial).ok()?.to_owned();
        Kept::Token { serial, size: KeySize::of_bytes(usize::from(*size))?, check: CheckValue(*check) }
    } else {
        Kept::Here(MasterKey::from_slice(rest)?)
    };
    Some((of, Master { key, made, proved }))
}
