//! Mutual authentication from the card's side: D40 (0A), ISO (1A), AES (AA), EV2 first (71) and non-first (77).

use super::cipher::{Cipher, Iv, rotated};
use super::image::{Key, KeyKind};
use super::session::Session;
use super::status::Sw;
use super::{Authenticated, DesfireCard, Next, Pending};

/// Waits for the host's token.
pub(super) struct Handshake {
    pub(super) key_no: u8,
    pub(super) key: Key,
    pub(super) rnd_b: Vec<u8>,
    pub(super) kind: Kind,
}

/// Which authentication, with what it carries from the first message to the second.
pub(super) enum Kind {
    D40,
    /// ISO and AES: the IV runs through the whole exchange.
    Ev1 {
        iv: Iv,
    },
    /// The host's capabilities, which the card says back, and the new transaction.
    First {
        host: [u8; 6],
        ti: [u8; 4],
    },
    /// What the running transaction keeps.
    NonFirst {
        ti: [u8; 4],
        counter: u16,
    },
}

impl DesfireCard {
    pub(super) fn authenticate(&mut self, ins: u8, data: &[u8]) -> Result<Next, Sw> {
        let (key_no, rest) = data.split_first().ok_or(Sw::LENGTH)?;
        let key = self.key_for_authentication(*key_no)?.clone();
        let off = match ins {
            0x0A => 0x01,
            0x1A | 0xAA => 0x02,
            _ => 0,
        };
        if self.image.messaging_off & off != 0 {
            return Err(Sw::PERMISSION_DENIED);
        }
        let fits = match ins {
            0x0A => key.kind == KeyKind::Des,
            0x1A => key.kind != KeyKind::Aes,
            _ => key.kind == KeyKind::Aes,
        };
        if !fits {
            return Err(Sw::AUTHENTICATION);
        }
        let kind = match ins {
            0x0A if rest.is_empty() => Kind::D40,
            0x1A | 0xAA if rest.is_empty() => Kind::Ev1 { iv: [0; 16] },
            0x71 => Kind::First { host: host_capabilities(rest)?, ti: self.image.random() },
            0x77 if rest.is_empty() => match &self.live.session {
                Some(Authenticated { session: Session::Ev2 { ti, counter, .. }, .. }) => {
                    Kind::NonFirst { ti: *ti, counter: *counter }
                }
                _ => return Err(Sw::AUTHENTICATION),
            },
            _ => return Err(Sw::LENGTH),
        };
        if matches!(kind, Kind::NonFirst { .. }) {
            // The transaction goes on, so what is not yet committed stays; the old keys do not.
            self.live.session = None;
        } else {
            self.lose_session();
        }
        let cipher = key.cipher();
        let rnd_b = match key.kind {
            KeyKind::Des => self.image.random::<8>().to_vec(),
            KeyKind::Tdes3 | KeyKind::Aes => self.image.random::<16>().to_vec(),
        };
        let mut challenge = rnd_b.clone();
        let mut iv = [0; 16];
        cipher.cbc_encrypt(&mut iv, &mut challenge);
        let kind = match kind {
            Kind::Ev1 { .. } => Kind::Ev1 { iv },
            other => other,
        };
        Ok(Next::More(challenge, Pending::Handshake(Handshake { key_no: *key_no, key, rnd_b, kind })))
    }

    fn key_for_authentication(&self, key_no: u8) -> Result<&Key, Sw> {
        match self.app() {
            Ok(app) => app.keys.get(usize::from(key_no)).ok_or(Sw::NO_SUCH_KEY),
            Err(_) if key_no == 0 => Ok(&self.image.master),
            Err(_) => self.image.issuer.get(&key_no).ok_or(Sw::NO_SUCH_KEY),
        }
    }

    pub(super) fn finish_authentication(&mut self, handshake: Handshake, token: &[u8]) -> Result<Next, Sw> {
        let Handshake { key_no, key, rnd_b, kind } = handshake;
        let cipher = key.cipher();
        let n = rnd_b.len();
        if token.len() != 2 * n {
            return Err(Sw::LENGTH);
        }
        let mut plain = token.to_vec();
        let mut iv = match kind {
            Kind::Ev1 { iv } => iv,
            Kind::D40 | Kind::First { .. } | Kind::NonFirst { .. } => [0; 16],
        };
        match kind {
            Kind::D40 => cipher.d40_receive(&mut plain),
            Kind::Ev1 { .. } | Kind::First { .. } | Kind::NonFirst { .. } => cipher.cbc_decrypt(&mut iv, &mut plain),
        }
        let (rnd_a, rnd_b_back) = plain.split_at(n);
        if rnd_b_back != rotated(&rnd_b) {
            return Err(Sw::AUTHENTICATION);
        }
        let mut answer = rotated(rnd_a);
        let session = match kind {
            Kind::D40 => {
                cipher.cbc_encrypt(&mut [0; 16], &mut answer);
                Session::D40 { key: ev1_session_key(&key, rnd_a, &rnd_b) }
            }
            Kind::Ev1 { .. } => {
                cipher.cbc_encrypt(&mut iv, &mut answer);
                Session::Ev1 { key: ev1_session_key(&key, rnd_a, &rnd_b), iv: [0; 16] }
            }
            Kind::First { host, ti } => {
                answer = [&ti, answer.as_slice(), &[0; 6], &host].concat();
                cipher.cbc_encrypt(&mut [0; 16], &mut answer);
                let [enc, mac] = ev2_session_keys(&cipher, rnd_a, &rnd_b);
                Session::Ev2 { enc, mac, ti, counter: 0 }
            }
            Kind::NonFirst { ti, counter } => {
                cipher.cbc_encrypt(&mut [0; 16], &mut answer);
                let [enc, mac] = ev2_session_keys(&cipher, rnd_a, &rnd_b);
                Session::Ev2 { enc, mac, ti, counter }
            }
        };
        self.live.session = Some(Authenticated { key_no, session });
        Ok(Next::Sealed(Sw::OK, answer))
    }
}

/// LenCap, then so many bytes, which count as the first of six.
fn host_capabilities(rest: &[u8]) -> Result<[u8; 6], Sw> {
    let (len, given) = rest.split_first().ok_or(Sw::LENGTH)?;
    let mut host = [0; 6];
    if usize::from(*len) != given.len() || given.len() > host.len() {
        return Err(Sw::LENGTH);
    }
    host[..given.len()].copy_from_slice(given);
    Ok(host)
}

/// Pieces of both random numbers, which pieces depends on the kind of key.
fn ev1_session_key(key: &Key, a: &[u8], b: &[u8]) -> Cipher {
    let pieces: &[(usize, usize)] = match key.kind {
        KeyKind::Des if key.is_single_des() => &[(0, 4)],
        KeyKind::Des => &[(0, 4), (4, 8)],
        KeyKind::Tdes3 => &[(0, 4), (6, 10), (12, 16)],
        KeyKind::Aes => &[(0, 4), (12, 16)],
    };
    let mut out = Vec::new();
    for (from, to) in pieces {
        out.extend_from_slice(&a[*from..*to]);
        out.extend_from_slice(&b[*from..*to]);
    }
    match <[u8; 16]>::try_from(out.as_slice()) {
        Ok(out) if key.kind == KeyKind::Aes => Cipher::aes(out),
        _ => Cipher::tdes(&out),
    }
}

/// CMAC over label, counter 1, length 128 and the mixed random numbers (AN12343 §3.2, after NIST SP 800-108).
pub(super) fn ev2_session_keys(key: &Cipher, a: &[u8], b: &[u8]) -> [Cipher; 2] {
    [[0xA5, 0x5A], [0x5A, 0xA5]].map(|label| {
        let mut vector = [label.as_slice(), &[0x00, 0x01, 0x00, 0x80], &a[..2]].concat();
        vector.extend(a[2..8].iter().zip(b).map(|(a, b)| a ^ b));
        vector.extend_from_slice(&b[6..]);
        vector.extend_from_slice(&a[8..]);
        Cipher::aes(key.cmac(&mut [0; 16], &vector))
    })
}
