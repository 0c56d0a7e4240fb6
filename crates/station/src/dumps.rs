//! Whatever ends this process badly leaves no key in a file: it is dumped without its memory, or not at all.

/// Keeps the memory of this process, and of those that it starts, out of core dumps. A system that refuses is told of: the
/// station works all the same.
pub(crate) fn hold_no_memory() {
    #[cfg(unix)]
    if let Err(error) = no_file() {
        tracing::warn!(%error, "this process may leave a core file");
    }
    // A limit does not hold for systems that pipe dumps into a program (core(5)); that a dump holds no mapping does.
    #[cfg(target_os = "linux")]
    if let Err(error) = std::fs::write("/proc/self/coredump_filter", "0") {
        tracing::warn!(kind = %error.kind(), "a dump of this process may hold its memory");
    }
}

#[cfg(unix)]
fn no_file() -> rustix::io::Result<()> {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, none)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_process_that_holds_keys_is_dumped_without_its_memory_or_not_at_all() {
        super::hold_no_memory();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        let filter = std::fs::read_to_string("/proc/self/coredump_filter").ok();
        assert_eq!(filter.as_deref().map(str::trim), Some("00000000"));
    }
}
