//! LEGIC's check sums.

/// CRC-8: polynomial 63, each byte lowest bit first, from 55, the register's bits in reverse at the end.
#[must_use]
pub fn crc8(parts: &[&[u8]]) -> u8 {
    let mut register = 0x55_u8;
    for byte in parts.iter().copied().flatten() {
        register ^= byte;
        for _ in 0..8 {
            register = if register & 1 == 1 { register >> 1 ^ 0xC6 } else { register >> 1 };
        }
    }
    register.reverse_bits()
}

/// CRC-16 of LEGIC Cash segments: polynomial 002D, each byte lowest bit first, from the card's own check sum twice. No
/// published value confirms it.
#[must_use]
pub fn crc16(bytes: &[u8], mcc: u8) -> u16 {
    let mut register = u16::from_be_bytes([mcc, mcc]);
    for byte in bytes {
        register ^= u16::from(byte.reverse_bits()) << 8;
        for _ in 0..8 {
            register = if register & 0x8000 == 0 { register << 1 } else { register << 1 ^ 0x002D };
        }
    }
    register
}
