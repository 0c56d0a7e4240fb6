//! One token, logged in. Keys carry the label `lanyard:NAME/VERSION` and are sensitive and not extractable from the moment
//! that they exist; what else they may do is as little as deriving needs.

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::RawAuthPin;
use lanyard_keys::{CheckValue, Derivation, Entropy, KeyHome, KeyRef, KeySize, KeysError, MasterKey, TwoBlocks};
use lanyard_secret::{Secret, SecretBytes};
use zeroize::Zeroize;

use crate::answer::refused;
use crate::module::module;

const LABEL: &str = "lanyard:";

/// See the module. Dropping it closes the session and with it the login.
pub struct Token {
    serial: String,
    derivation: Derivation,
    session: Session,
}

impl Token {
    /// Serial numbers of the tokens that a module shows.
    ///
    /// # Errors
    /// [`KeysError::TokenModule`]; what the module answers.
    pub fn list(path: &Path) -> Result<Vec<String>, KeysError> {
        let module = module(path)?;
        Ok(tokens(&module)?.into_iter().map(|(_, serial)| serial).collect())
    }

    /// Logs in to the token of this serial number; without one, to the only one there is.
    ///
    /// # Errors
    /// [`KeysError::TokenModule`], [`KeysError::TokenMissing`], [`KeysError::TokenPin`], [`KeysError::TokenPinLocked`],
    /// [`KeysError::TokenUnfit`]; what the token answers.
    pub fn open(path: &Path, serial: Option<&str>, pin: &SecretBytes) -> Result<Self, KeysError> {
        let module = module(path)?;
        let mut there = tokens(&module)?;
        there.retain(|(_, found)| serial.is_none_or(|serial| serial == found));
        if there.len() > 1 {
            return Err(KeysError::TokenModule { why: "several" });
        }
        let missing = || KeysError::TokenMissing { serial: serial.unwrap_or_default().to_owned() };
        let (slot, serial) = there.pop().ok_or_else(missing)?;
        let derivation = best(&module, slot)?;
        let session = module.open_rw_session(slot).map_err(refused("open session"))?;
        let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
        session.login_with_raw(UserType::User, &pin).map_err(|error| match error {
            // Somebody else's login in this process: it would take any PIN for right.
            Error::Pkcs11(RvError::UserAlreadyLoggedIn, _) => KeysError::TokenModule { why: "busy" },
            error => refused("login")(error),
        })?;
        Ok(Self { serial, derivation, session })
    }

    /// Derives in this way from now on, for a token whose own CMAC is not to be used.
    #[must_use]
    pub fn deriving_by(mut self, derivation: Derivation) -> Self {
        self.derivation = derivation;
        self
    }

    /// How it derives.
    #[must_use]
    pub fn derives_by(&self) -> Derivation {
        self.derivation
    }

    fn find(&self, of: &KeyRef) -> Result<Option<ObjectHandle>, KeysError> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(label(of).into_bytes()),
        ];
        match self.session.find_objects(&template).map_err(refused("find"))?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(KeysError::TokenFailed { call: "find", answer: "two keys of one label".to_owned() }),
        }
    }

    fn key(&self, of: &KeyRef) -> Result<ObjectHandle, KeysError> {
        self.find(of)?.ok_or_else(|| KeysError::KeyMissing { name: of.name.clone(), version: of.version })
    }

    fn vacant(&self, of: &KeyRef) -> Result<(), KeysError> {
        KeyRef::new(&of.name, of.version)?;
        match self.find(of)? {
            None => Ok(()),
            Some(_) => Err(KeysError::KeyExists { name: of.name.clone(), version: of.version }),
        }
    }

    /// What every key here is, and may do.
    fn template(&self, of: &KeyRef) -> Vec<Attribute> {
        let signs = self.derivation == Derivation::TokenCmac;
        vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(label(of).into_bytes()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(signs),
            Attribute::Verify(false),
            Attribute::Encrypt(!signs),
            Attribute::Decrypt(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
        ]
    }

    fn cmac(&self, key: ObjectHandle, message: &[u8]) -> Result<Secret<16>, KeysError> {
        block("sign", self.session.sign(&Mechanism::AesCMac, key, message))
    }

    fn encrypt(&self, key: ObjectHandle, plain: &[u8; 16]) -> Result<Secret<16>, KeysError> {
        let mechanism = match self.derivation {
            Derivation::TokenCbc => Mechanism::AesCbc([0; 16]),
            _ => Mechanism::AesEcb,
        };
        block("encrypt", self.session.encrypt(&mechanism, key, plain))
    }
}

impl KeyHome for Token {
    fn serial(&self) -> &str {
        &self.serial
    }

    fn held(&self) -> Result<Vec<(KeyRef, KeySize)>, KeysError> {
        let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES)];
        let mut held = Vec::new();
        for key in self.session.find_objects(&template).map_err(refused("find"))? {
            let wanted = [AttributeType::Label, AttributeType::ValueLen];
            let mut found = (None, None);
            for attribute in self.session.get_attributes(key, &wanted).map_err(refused("read attributes"))? {
                match attribute {
                    Attribute::Label(bytes) => found.0 = named(&bytes),
                    Attribute::ValueLen(len) => found.1 = usize::try_from(*len).ok().and_then(KeySize::of_bytes),
                    _ => {}
                }
            }
            if let (Some(of), Some(size)) = found {
                held.push((of, size));
            }
        }
        held.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(held)
    }

    fn generate(&mut self, of: &KeyRef, size: KeySize, _: &mut Entropy) -> Result<CheckValue, KeysError> {
        self.vacant(of)?;
        let mut template = self.template(of);
        template.push(Attribute::ValueLen((size.bytes() as u64).into()));
        self.session.generate_key(&Mechanism::AesKeyGen, &template).map_err(refused("generate"))?;
        self.check_value(of)
    }

    fn import(&mut self, of: &KeyRef, key: &MasterKey) -> Result<CheckValue, KeysError> {
        self.vacant(of)?;
        let mut template = self.template(of);
        template.push(Attribute::Value(key.expose().to_vec()));
        let made = self.session.create_object(&template).map_err(refused("create"));
        if let Some(Attribute::Value(bytes)) = template.last_mut() {
            bytes.zeroize();
        }
        let made = made?;
        let check = self.check_value(of)?;
        if check != key.check_value() {
            // What it took in is not what it was given: it must not stay under that name.
            self.session.destroy_object(made).map_err(refused("destroy"))?;
            return Err(KeysError::TokenDiffers { name: of.name.clone(), version: of.version });
        }
        Ok(check)
    }

    fn check_value(&self, of: &KeyRef) -> Result<CheckValue, KeysError> {
        let key = self.key(of)?;
        match self.derivation {
            Derivation::TokenCmac => Ok(CheckValue::of_tag(&self.cmac(key, &[0; 16])?)),
            _ => CheckValue::by_blocks(|plain| self.encrypt(key, plain)),
        }
    }

    fn derivation(&self, message: &TwoBlocks) -> Result<Derivation, KeysError> {
        if self.derivation == Derivation::TokenCmac && message.plain().is_none() {
            // AN10922 takes two blocks even then, and the token's CMAC one.
            return Err(KeysError::TokenUnfit { mechanism: "CKM_AES_ECB for an input of less than 16 bytes" });
        }
        Ok(self.derivation)
    }

    fn mac(&self, of: &KeyRef, message: &TwoBlocks) -> Result<Secret<16>, KeysError> {
        let (derivation, key) = (self.derivation(message)?, self.key(of)?);
        match (derivation, message.plain()) {
            (Derivation::TokenCmac, Some(plain)) => self.cmac(key, plain),
            _ => message.mac_by_blocks(|plain| self.encrypt(key, plain)),
        }
    }

    fn undiversified(&self, of: &KeyRef) -> Result<Secret<16>, KeysError> {
        Err(KeysError::KeyStays { name: of.name.clone(), version: of.version })
    }
}

/// The best that a token can do: its CMAC lets out least.
fn best(module: &Pkcs11, slot: Slot) -> Result<Derivation, KeysError> {
    let list = module.get_mechanism_list(slot).map_err(refused("list mechanisms"))?;
    let signs = |mechanism| module.get_mechanism_info(slot, mechanism).is_ok_and(|info| info.sign());
    if list.contains(&MechanismType::AES_CMAC) && signs(MechanismType::AES_CMAC) {
        Ok(Derivation::TokenCmac)
    } else if list.contains(&MechanismType::AES_ECB) {
        Ok(Derivation::TokenEcb)
    } else if list.contains(&MechanismType::AES_CBC) {
        Ok(Derivation::TokenCbc)
    } else {
        Err(KeysError::TokenUnfit { mechanism: "CKM_AES_CMAC, CKM_AES_ECB or CKM_AES_CBC" })
    }
}

fn tokens(module: &Pkcs11) -> Result<Vec<(Slot, String)>, KeysError> {
    let mut tokens = Vec::new();
    for slot in module.get_slots_with_initialized_token().map_err(refused("list slots"))? {
        let info = module.get_token_info(slot).map_err(refused("read token"))?;
        tokens.push((slot, info.serial_number().trim().to_owned()));
    }
    Ok(tokens)
}

fn label(of: &KeyRef) -> String {
    format!("{LABEL}{}/{}", of.name, of.version)
}

fn named(label: &[u8]) -> Option<KeyRef> {
    let (name, version) = std::str::from_utf8(label).ok()?.strip_prefix(LABEL)?.rsplit_once('/')?;
    KeyRef::new(name, version.parse().ok()?).ok()
}

/// One block, and nothing else, moved to where it is wiped.
fn block(call: &'static str, answer: cryptoki::error::Result<Vec<u8>>) -> Result<Secret<16>, KeysError> {
    let mut bytes = answer.map_err(refused(call))?;
    let block = Secret::from_slice(&bytes);
    bytes.zeroize();
    block.ok_or_else(|| KeysError::TokenFailed { call, answer: "malformed".to_owned() })
}
