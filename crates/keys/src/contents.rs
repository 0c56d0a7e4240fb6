//! The vault's bytes: `LYVAULT` ‖ version ‖ kind ‖ house in the clear and authenticated, then the sealed contents, a
//! sequence of (tag, length, value). Written into buffers of the exact size, so that no copy of a key stays behind.

use std::collections::BTreeMap;

use lanyard_model::{Id, UnixMs};
use lanyard_secret::{Secret, SecretBytes};
use zeroize::Zeroizing;

use crate::ca::Ca;
use crate::seal::{open, seal};
use crate::vault::{HouseKind, KeyRef, Master, MasterKey, Vault};
use crate::{Entropy, KeysError};

const MAGIC: &[u8; 7] = b"LYVAULT";
const VERSION: u8 = 1;
const HEADER: usize = 7 + 1 + 1 + 16;
const MOST: usize = 8 << 20;

const ENTRY: u8 = 1;
const CHECKPOINT: u8 = 2;
const CARD_RECORD: u8 = 3;
const COSIGN: u8 = 4;
const CA_KEY: u8 = 5;
const CA_CERTIFICATE: u8 = 6;
const PUK_KEY: u8 = 7;
const MASTER: u8 = 8;

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
    let masters: Vec<Zeroizing<Vec<u8>>> = vault.masters.iter().map(|(of, master)| master_bytes(of, master)).collect();
    let mut items: Vec<(u8, &[u8])> = vec![
        (ENTRY, vault.entry.expose()),
        (CHECKPOINT, vault.checkpoint.expose()),
        (CARD_RECORD, vault.card_record.expose()),
        (COSIGN, vault.cosign.expose()),
        (CA_KEY, vault.ca.key().expose()),
        (CA_CERTIFICATE, vault.ca.certificate()),
        (PUK_KEY, vault.puk.expose()),
    ];
    items.extend(masters.iter().map(|bytes| (MASTER, bytes.as_slice())));
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

/// version ‖ proved ‖ made (8) ‖ length of name ‖ name ‖ key (16 or 24 bytes).
fn master_bytes(of: &KeyRef, master: &Master) -> Zeroizing<Vec<u8>> {
    let key: &[u8] = match &master.key {
        MasterKey::Aes128(key) => key.expose(),
        MasterKey::Aes192(key) => key.expose(),
    };
    let mut out = Zeroizing::new(Vec::with_capacity(11 + of.name.len() + key.len()));
    out.push(of.version);
    out.push(u8::from(master.proved));
    out.extend_from_slice(&master.made.0.to_be_bytes());
    out.push(of.name.len() as u8);
    out.extend_from_slice(of.name.as_bytes());
    out.extend_from_slice(key);
    out
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
            MASTER => {
                let (of, master) = parse_master(value)?;
                if masters.insert(of, master).is_some() {
                    return None;
                }
            }
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
        cosign: key(COSIGN)?,
        ca: Ca::from_parts(key(CA_KEY)?, single.get(&CA_CERTIFICATE)?.to_vec()).ok()?,
        puk: key(PUK_KEY)?,
        masters,
    })
}

fn parse_master(value: &[u8]) -> Option<(KeyRef, Master)> {
    let (version, rest) = value.split_first()?;
    let (proved, rest) = rest.split_first()?;
    let (made, rest) = rest.split_first_chunk::<8>()?;
    let (len, rest) = rest.split_first()?;
    let (name, key) = rest.split_at_checked(usize::from(*len))?;
    let of = KeyRef::new(std::str::from_utf8(name).ok()?, *version).ok()?;
    let key = match key.len() {
        16 => MasterKey::Aes128(Secret::from_slice(key)?),
        24 => MasterKey::Aes192(Secret::from_slice(key)?),
        _ => return None,
    };
    Some((of, Master { key, proved: *proved == 1, made: UnixMs(i64::from_be_bytes(*made)) }))
}
