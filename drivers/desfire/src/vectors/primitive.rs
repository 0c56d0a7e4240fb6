//! CMAC and the checksums.

use super::{Vector, aes, des};
use crate::cipher::MacCipher;
use crate::crc::{crc16, crc32};

pub(super) fn runner(id: &str) -> Option<fn(&Vector)> {
    Some(match id {
        "cmac-aes-nist-0" | "cmac-aes-nist-16" | "cmac-aes-nist-40" | "cmac-aes-nist-64" => cmac_aes,
        "cmac-3tdea-0" | "cmac-3tdea-16" | "cmac-3tdea-32" | "cmac-2tdea-0" | "cmac-2tdea-16" | "cmac-2tdea-20" => {
            cmac_des
        }
        "cmac-des-0" | "cmac-des-16" | "cmac-des-20" | "cmac-des-32" => cmac_des,
        "crc32-desfire-check" => |v| {
            assert_eq!(crc32(&[v.input("data_ascii").as_str().unwrap().as_bytes()]).to_vec(), v.out("crc32_lsb_first"));
        },
        "crc16-a-check" => |v| {
            assert_eq!(crc16(&[v.input("data_ascii").as_str().unwrap().as_bytes()]).to_vec(), v.out("crc16_lsb_first"));
        },
        "ev2-crc32nk" => |v| assert_eq!(crc32(&[&v.bytes("new_key")]).to_vec(), v.out("crc32")),
        _ => return None,
    })
}

fn cmac_aes(v: &Vector) {
    let mac = MacCipher::new(aes(&v.bytes("key")));
    assert_eq!(mac.cmac(&[&v.bytes("msg")]).to_vec(), v.out("cmac"));
    // However it is cut.
    let msg = v.bytes("msg");
    for cut in 0..=msg.len() {
        assert_eq!(mac.cmac(&[&msg[..cut], &msg[cut..]]).to_vec(), v.out("cmac"));
    }
}

fn cmac_des(v: &Vector) {
    let mac = MacCipher::new(des(&v.bytes("key")));
    assert_eq!(mac.cmac(&[&v.bytes("msg")])[..8], v.out("cmac"));
}
