//! What is computed aside from any session: delegations, and the maker's signature.

use lanyard_secret::Secret;

use super::Vector;
use crate::originality::KEYS;
use crate::{
    Aid, DelegatedApplication, IssuerKeys, KeySettings, KeyType, KeyVersion, Maker, NewApplication, NewKey, Slot,
    delegation_deletion_mac, originality,
};

pub(super) fn runner(id: &str) -> Option<fn(&Vector)> {
    Some(match id {
        "ev2-dam-encK-an12696" => |v| {
            let (_, second) = delegation(v, v.array("random7")).wire();
            assert_eq!(second[..32], v.out("EncK"));
        },
        "ev2-dam-mac-an12696" => |v| {
            let (first, second) = delegation(v, AN12696).wire();
            assert_eq!([&[0xC9], &first[..]].concat(), v.bytes("mac_input_header"));
            assert_eq!(second[..32], v.bytes("EncK"));
            assert_eq!(second[32..], v.out("DAMMAC"));
        },
        "ev2-dam-delete-mac" => |v| {
            let key = Secret::from_slice(&v.bytes("K_DAMMAC")).unwrap();
            assert_eq!(delegation_deletion_mac(&key, Aid([0x12, 0x34, 0x56]))[..], v.out("DAMMAC"));
        },
        "originality-pubkey-desfire-light"
        | "originality-pubkey-ntag413dna-desfire-ev1"
        | "originality-pubkey-ntag424dna-desfire-ev2"
        | "originality-pubkey-ntag424dna-desfire-ev2-desfire-light-an12196"
        | "originality-pubkey-desfire-ev2-xl"
        | "originality-pubkey-desfire-ev3" => |v| {
            let key = v.out("public_key_uncompressed");
            assert!(KEYS.iter().any(|(_, held)| held[..] == key));
            p224::ecdsa::VerifyingKey::from_sec1_bytes(&key).unwrap();
        },
        "originality-sig-047728824D6580" | "originality-sig-041D3C8A2D6B80" | "originality-sig-negative" => |v| {
            let maker = originality(&v.array("uid"), &v.array("signature_r||s"));
            assert_eq!(maker, (v.output("valid") == true).then_some(Maker::NxpEv2));
        },
        _ => return None,
    })
}

/// The example's seven random bytes: its two tables belong together, and so do its keys, 22… and 11….
const AN12696: [u8; 7] = [0xF5, 0xE8, 0x76, 0xFE, 0xE2, 0x75, 0x60];

fn delegation(v: &Vector, random: [u8; 7]) -> DelegatedApplication {
    let application = NewApplication {
        aid: Aid([0x12, 0x34, 0x56]),
        settings: KeySettings::from_wire(0xEF),
        keys: 1,
        key_type: KeyType::Aes,
        iso: None,
        key_sets: None,
    };
    let enc = Secret::take(&mut [0x22; 16]);
    let mac = v
        .input("K_DAMMAC")
        .as_str()
        .map_or_else(Secret::zero, |key| Secret::from_slice(&hex::decode(key).unwrap()).unwrap());
    let first_key = NewKey::Aes { key: Secret::zero(), version: KeyVersion(0) };
    let issuer = IssuerKeys { mac: &mac, enc: &enc };
    let slot = Slot { number: 0, version: 0, quota: 0x40 };
    DelegatedApplication::authorise(&application, slot, &first_key, issuer, random).unwrap()
}
