//! The two checksums of DESFire secure messaging, both sent least significant byte first.

/// CRC-16/ISO-IEC-14443-3-A (reflected 1021, initial 6363): D40.
pub(crate) fn crc16(parts: &[&[u8]]) -> [u8; 2] {
    let mut crc: u16 = 0x6363;
    for byte in parts.iter().copied().flatten() {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
        }
    }
    crc.to_le_bytes()
}

/// CRC-32/JAMCRC (initial FFFFFFFF, no final exclusive-or): EV1, and the key data of EV2.
pub(crate) fn crc32(parts: &[&[u8]]) -> [u8; 4] {
    let mut crc: u32 = 0xFFFF_FFFF;
    for byte in parts.iter().copied().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    crc.to_le_bytes()
}
