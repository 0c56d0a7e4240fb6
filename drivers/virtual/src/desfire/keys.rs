//! Keys: settings, versions, and the one command that can lose a card, ChangeKey.

use super::cipher::{crc16, crc32};
use super::image::{App, Key, KeyKind, Model};
use super::session::{Carries, Mode, Session};
use super::status::Sw;
use super::{Answer, DesfireCard, Next, delegated, picc};

/// KeySett1: the master key may be changed.
const MASTER_CHANGEABLE: u8 = 0x01;
/// KeySett1: the settings may be changed.
const SETTINGS_CHANGEABLE: u8 = 0x08;

impl DesfireCard {
    pub(super) fn get_key_settings(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x45, wire)?;
        self.require_master_unless(picc::FREE_LIST)?;
        let mut out = vec![self.settings()];
        match self.app() {
            Ok(App { keys_byte, sets: Some(sets), .. }) => {
                out.extend_from_slice(&[keys_byte | 0x10, 0x01]);
                out.extend_from_slice(&sets.wire());
            }
            Ok(app) => out.push(app.keys_byte),
            Err(_) => out.push(self.image.master.kind.bits() | 1),
        }
        Ok(Answer::managing(out))
    }

    pub(super) fn change_key_settings(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.require_master()?;
        if self.settings() & SETTINGS_CHANGEABLE == 0 {
            return Err(Sw::PERMISSION_DENIED);
        }
        let data = self.open(0x54, wire, Carries::Data { header: 0, len: 1, mode: Mode::Full })?;
        let settings = data[0];
        match self.app_mut() {
            Ok(app) => {
                let change_key = usize::from(settings >> 4);
                if change_key < 14 && change_key >= app.keys.len().max(1) {
                    return Err(Sw::PARAMETER);
                }
                app.settings = settings;
            }
            Err(_) if settings & 0xF0 != 0 => return Err(Sw::PARAMETER),
            Err(_) => self.image.settings = settings,
        }
        Ok(Answer::managing([]))
    }

    pub(super) fn get_key_version(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0x64, wire)?;
        let version = match (data.as_slice(), self.app()) {
            // Bit 6: a key set follows; 80 asks for the versions of all sets.
            ([0x40, 0x80], Ok(App { sets: Some(sets), .. })) => {
                let others = sets.others.values().map(|set| set.version.unwrap_or(0));
                return Ok(Answer::managing([sets.version].into_iter().chain(others).collect::<Vec<u8>>()));
            }
            ([key_no, set], Ok(app)) if key_no & 0xC0 == 0x40 => {
                let no = usize::from(key_no & 0x0F);
                self.keys_of(app, *set)?.get(no).ok_or(Sw::NO_SUCH_KEY)?.version
            }
            ([key_no], Ok(app)) => app.keys.get(usize::from(*key_no)).ok_or(Sw::NO_SUCH_KEY)?.version,
            ([0], Err(_)) => self.image.master.version,
            ([key_no], Err(_)) => self.image.issuer.get(key_no).ok_or(Sw::NO_SUCH_KEY)?.version,
            _ => return Err(Sw::LENGTH),
        };
        Ok(Answer::managing([version]))
    }

    fn keys_of<'a>(&self, app: &'a App, set: u8) -> Result<&'a [Key], Sw> {
        if set == 0 {
            return Ok(&app.keys);
        }
        let sets = app.sets.as_ref().ok_or(Sw::PERMISSION_DENIED)?;
        sets.others.get(&set).map(|set| set.keys.as_slice()).ok_or(Sw::PARAMETER)
    }

    /// `C6`: a key of a key set.
    pub(super) fn change_key_of_set(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let authenticated = self.key_no().ok_or(Sw::AUTHENTICATION)?;
        let [number, target, ..] = *wire else { return Err(Sw::LENGTH) };
        let app = self.app()?;
        let old = self.keys_of(app, number)?.get(usize::from(target)).ok_or(Sw::NO_SUCH_KEY)?.clone();
        let finished = app.sets.as_ref().and_then(|sets| sets.others.get(&number)).is_some_and(|s| s.version.is_some());
        if finished {
            return Err(Sw::PERMISSION_DENIED);
        }
        self.require_right_to_change(target, authenticated)?;
        let same = number == 0 && target == authenticated;
        let data = self.open(0xC6, wire, Carries::Cryptogram { header: 2 })?;
        let new = self.key_in(&[0xC6, number, target], &data[2..], old.kind, if same { None } else { Some(&old) })?;
        let app = self.app_mut()?;
        let keys = match app.sets.as_mut().and_then(|sets| sets.others.get_mut(&number)) {
            Some(set) => &mut set.keys,
            None => &mut app.keys,
        };
        keys[usize::from(target)] = new;
        Ok(Next::Done(Answer { bare: same, ..Answer::default() }))
    }

    pub(super) fn change_key(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let authenticated = self.key_no().ok_or(Sw::AUTHENTICATION)?;
        let byte = *wire.first().ok_or(Sw::LENGTH)?;
        // Only the card's master key may change its kind, so only there do the upper bits mean anything.
        let (target, kind, old) = match self.app() {
            Ok(app) => {
                let old = app.keys.get(usize::from(byte)).ok_or(Sw::NO_SUCH_KEY)?;
                (byte, old.kind, old.clone())
            }
            Err(_) => {
                let kind = KeyKind::from_bits(byte).ok_or(Sw::PARAMETER)?;
                match byte & 0x3F {
                    0 => (0, kind, self.image.master.clone()),
                    // The issuer's keys for delegated applications are AES, and zero until they are set.
                    no @ delegated::AUTHENTICATE..=delegated::LAST if self.image.model != Model::Ev1 => {
                        let old = self.image.issuer.get(&no).cloned();
                        (no, KeyKind::Aes, old.unwrap_or_else(|| Key::zero(KeyKind::Aes)))
                    }
                    _ => return Err(Sw::NO_SUCH_KEY),
                }
            }
        };
        self.require_right_to_change(target, authenticated)?;
        let same = target == authenticated;
        let data = self.open(0xC4, wire, Carries::Cryptogram { header: 1 })?;
        let new = self.key_in(&[0xC4, byte], &data[1..], kind, if same { None } else { Some(&old) })?;
        match self.app_mut() {
            Ok(app) => app.keys[usize::from(target)] = new,
            Err(_) if target == 0 => self.image.master = new,
            Err(_) => {
                self.image.issuer.insert(target, new);
            }
        }
        Ok(Next::Done(Answer { bare: same, ..Answer::default() }))
    }

    /// Bits 7 to 4 of KeySett1, and bit 0 for the master key.
    fn require_right_to_change(&self, target: u8, authenticated: u8) -> Result<(), Sw> {
        let settings = self.settings();
        let needed = match settings >> 4 {
            // On the card level only its master key changes keys.
            _ if self.live.selected.is_none() && target != 0 => 0,
            _ if target == 0 => {
                if settings & MASTER_CHANGEABLE == 0 {
                    return Err(Sw::PERMISSION_DENIED);
                }
                0
            }
            0xF => return Err(Sw::PERMISSION_DENIED),
            0xE => target,
            // The key that changes the others is itself changed by the master key.
            changer if changer == target => 0,
            changer => changer,
        };
        if authenticated == needed { Ok(()) } else { Err(Sw::AUTHENTICATION) }
    }

    /// The key in a deciphered cryptogram, its checksums compared. `old`: the target is not the authenticated key, so
    /// what was sent is the new key XORed with the old, and a checksum of the new follows.
    fn key_in(&self, command: &[u8], data: &[u8], kind: KeyKind, old: Option<&Key>) -> Result<Key, Sw> {
        let session = self.live.session.as_ref().map(|who| &who.session).ok_or(Sw::AUTHENTICATION)?;
        let with_version = kind.len() + usize::from(kind == KeyKind::Aes);
        let (sent, mut tail) = data.split_at_checked(with_version).ok_or(Sw::LENGTH)?;
        let mut bytes = sent[..kind.len()].to_vec();
        if let Some(old) = old {
            for (byte, old) in bytes.iter_mut().zip(&old.bytes) {
                *byte ^= old;
            }
        }
        let version = sent.get(kind.len()).copied().unwrap_or(0);
        let mut checks = Vec::new();
        match session {
            Session::D40 { .. } => {
                checks.extend_from_slice(&crc16(sent));
                if old.is_some() {
                    checks.extend_from_slice(&crc16(&bytes));
                }
            }
            Session::Ev1 { .. } => {
                checks.extend_from_slice(&crc32(&[command, sent]));
                if old.is_some() {
                    checks.extend_from_slice(&crc32(&[&bytes]));
                }
            }
            Session::Ev2 { .. } => {
                if old.is_some() {
                    checks.extend_from_slice(&crc32(&[&bytes]));
                }
                // Padding is off already, so nothing may follow.
                if tail.len() != checks.len() {
                    return Err(Sw::LENGTH);
                }
            }
        }
        if !tail.starts_with(&checks) {
            return Err(Sw::INTEGRITY);
        }
        tail = &tail[checks.len()..];
        if tail.len() >= 16 || tail.iter().any(|byte| *byte != 0) {
            return Err(Sw::INTEGRITY);
        }
        Ok(Key::new(kind, &bytes, version))
    }
}
