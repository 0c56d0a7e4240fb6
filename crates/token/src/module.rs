//! PKCS#11 modules are loaded once a process and stay: C_Initialize is the process's, and a module that is unloaded under
//! its own threads ends the process.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use lanyard_keys::KeysError;

use crate::answer::refused;

static LOADED: Mutex<Vec<(PathBuf, Pkcs11)>> = Mutex::new(Vec::new());

/// The module of this path, ready.
pub(crate) fn module(path: &Path) -> Result<Pkcs11, KeysError> {
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, module)) = loaded.iter().find(|(known, _)| known == path) {
        return Ok(module.clone());
    }
    let module = Pkcs11::new(path).map_err(refused("load"))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(_) => return Err(KeysError::TokenModule { why: "initialize" }),
    }
    loaded.push((path.to_owned(), module.clone()));
    Ok(module)
}
