//! PIV (NIST SP 800-73), the host's side, without I/O.
