//! GENERAL AUTHENTICATE: the management key's challenge and response, and signatures (SP 800-73-4 part 2 §3.2.4, appendix
//! A.1 and A.4); and GENERATE ASYMMETRIC KEY PAIR (§3.3.2).

use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};

use crate::{Answer, PivCard, tlv};

/// What the card waits for after its first answer.
pub(crate) enum Pending {
    /// The plain witness, of mutual authentication.
    Witness(Vec<u8>),
    /// The enciphered challenge, of authentication of the host alone.
    Response(Vec<u8>),
}

const P256: u8 = 0x11;
const SLOTS: [u8; 4] = [0x9A, 0x9C, 0x9D, 0x9E];

fn point(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

impl PivCard {
    pub(crate) fn general_authenticate(
        &mut self,
        algorithm: u8,
        reference: u8,
        data: &[u8],
        just_verified: bool,
    ) -> Answer {
        let outer = tlv::fields(data).ok_or(0x6A80_u16)?;
        let fields = tlv::value(&outer, 0x7C).and_then(tlv::fields).ok_or(0x6A80_u16)?;
        match reference {
            0x9B => self.authenticate_host(algorithm, &fields),
            slot if SLOTS.contains(&slot) => self.sign(algorithm, slot, &fields, just_verified),
            _ => Err(0x6A86),
        }
    }

    fn authenticate_host(&mut self, algorithm: u8, fields: &[(u8, &[u8])]) -> Answer {
        let pending = self.live.pending.take();
        if algorithm != self.image.management.algorithm {
            return Err(0x6A86);
        }
        let get = |tag| tlv::value(fields, tag);
        match (get(0x80), get(0x81), get(0x82)) {
            (Some([]), None, None) => {
                let witness = self.draw_block();
                let sent = self.image.management.encipher(&witness).ok_or(0x6F00_u16)?;
                self.live.pending = Some(Pending::Witness(witness));
                Ok(tlv::field(&[0x7C], &tlv::field(&[0x80], &sent)))
            }
            (Some(witness), Some(challenge), None | Some([])) => {
                let Some(Pending::Witness(expected)) = pending else { return Err(0x6985) };
                let answer = self.image.management.encipher(challenge).ok_or(0x6A80_u16)?;
                if witness != expected {
                    return Err(0x6982);
                }
                self.live.admin = true;
                Ok(tlv::field(&[0x7C], &tlv::field(&[0x82], &answer)))
            }
            (None, Some([]), None) => {
                let challenge = self.draw_block();
                let expected = self.image.management.encipher(&challenge).ok_or(0x6F00_u16)?;
                self.live.pending = Some(Pending::Response(expected));
                Ok(tlv::field(&[0x7C], &tlv::field(&[0x81], &challenge)))
            }
            (None, None, Some(response)) => {
                let Some(Pending::Response(expected)) = pending else { return Err(0x6985) };
                if response != expected {
                    return Err(0x6982);
                }
                self.live.admin = true;
                Ok(Vec::new())
            }
            _ => Err(0x6A80),
        }
    }

    fn draw_block(&mut self) -> Vec<u8> {
        let len = self.image.management.block_len();
        self.image.random()[..len].to_vec()
    }

    fn sign(&self, algorithm: u8, slot: u8, fields: &[(u8, &[u8])], just_verified: bool) -> Answer {
        let scalar = self.image.keys.get(&slot).ok_or(0x6A88_u16)?;
        if algorithm != P256 {
            return Err(0x6A86);
        }
        // Part 1 table 4b: 9A and 9D once a session, 9C always, 9E never.
        let allowed = match slot {
            0x9C => just_verified,
            0x9E => true,
            _ => self.live.pin_verified,
        };
        if !allowed {
            return Err(0x6982);
        }
        let (Some([]), Some(digest)) = (tlv::value(fields, 0x82), tlv::value(fields, 0x81)) else {
            return Err(0x6A80);
        };
        if digest.len() != 32 {
            return Err(0x6A80);
        }
        let key = scalar.key().ok_or(0x6F00_u16)?;
        let signature: Signature = key.sign_prehash(digest).map_err(|_| 0x6F00_u16)?;
        Ok(tlv::field(&[0x7C], &tlv::field(&[0x82], signature.to_der().as_bytes())))
    }

    pub(crate) fn generate(&mut self, slot: u8, data: &[u8]) -> Answer {
        if !self.live.admin {
            return Err(0x6982);
        }
        if !SLOTS.contains(&slot) {
            return Err(0x6A86);
        }
        let outer = tlv::fields(data).ok_or(0x6A80_u16)?;
        let fields = tlv::value(&outer, 0xAC).and_then(tlv::fields).ok_or(0x6A80_u16)?;
        if tlv::value(&fields, 0x80) != Some(&[P256]) {
            return Err(0x6A80);
        }
        let (scalar, key) = self.image.new_key();
        self.image.keys.insert(slot, scalar);
        Ok(tlv::field(&[0x7F, 0x49], &tlv::field(&[0x86], &point(&key))))
    }

    /// Yubico's GET METADATA, in part.
    pub(crate) fn metadata(&self, reference: u8) -> Answer {
        let image = &self.image;
        let mut out = Vec::new();
        match reference {
            0x80 | 0x81 => {
                let (code, factory): (_, &[u8]) =
                    if reference == 0x80 { (&image.pin, b"123456\xFF\xFF") } else { (&image.puk, b"12345678") };
                tlv::put(&mut out, &[0x01], &[0xFF]);
                tlv::put(&mut out, &[0x05], &[u8::from(code.bytes == factory)]);
                tlv::put(&mut out, &[0x06], &[crate::image::TRIES, code.left]);
            }
            0x9B => {
                let factory = crate::image::Management::factory();
                tlv::put(&mut out, &[0x01], &[image.management.algorithm]);
                tlv::put(&mut out, &[0x02], &[0x00, 0x01]);
                tlv::put(&mut out, &[0x05], &[u8::from(image.management.key == factory.key)]);
            }
            slot if SLOTS.contains(&slot) => {
                let key = image.keys.get(&slot).and_then(crate::image::Scalar::key).ok_or(0x6A88_u16)?;
                tlv::put(&mut out, &[0x01], &[P256]);
                tlv::put(&mut out, &[0x03], &[0x01]);
                tlv::put(&mut out, &[0x04], &tlv::field(&[0x86], &point(&key)));
            }
            _ => return Err(0x6A88),
        }
        Ok(out)
    }
}
