//! MIFARE DESFire, the host's side, without I/O.
