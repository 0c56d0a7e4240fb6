//! One IPP exchange over HTTP (RFC 8010 §4), bounded in time and size. No proxy, no redirect: a printer is where it is.

use std::io::Read;
use std::time::Duration;

use ipp::prelude::Uri;
use ureq::{Agent, Error};

/// An answer holds attributes only; those of a large CUPS queue, all together, take some 200 kB.
const MAX_ANSWER: u64 = 1 << 20;
const IPP_PORT: u16 = 631;

/// A printer's address, both ways it is written.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// `ipp://…`, as it stands in requests.
    pub(crate) ipp: Uri,
    http: String,
}

impl Address {
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let given: Uri = uri.parse().ok()?;
        let default_port = match given.scheme_str()? {
            "ipp" => IPP_PORT,
            "http" => 80,
            _ => return None,
        };
        let host = given.host().filter(|host| !host.is_empty())?;
        let port = given.port_u16().unwrap_or(default_port);
        let path = given.path_and_query().map_or("/", |path| path.as_str());
        let ipp = format!("ipp://{host}:{port}{path}").parse().ok()?;
        Some(Self { ipp, http: format!("http://{host}:{port}{path}") })
    }
}

/// What can go wrong on the way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HttpFault {
    Gone,
    Silent,
    Status(u16),
    Broken,
}

pub(crate) fn exchange(
    address: &Address,
    request: Vec<u8>,
    connect: Duration,
    all: Duration,
) -> Result<Vec<u8>, HttpFault> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_connect(Some(connect))
        .timeout_global(Some(all))
        .user_agent("Lanyard")
        .build()
        .into();
    let response =
        agent.post(&address.http).header("content-type", "application/ipp").send(request.as_slice()).map_err(fault)?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(HttpFault::Status(status));
    }
    let mut bytes = Vec::new();
    let mut reader = response.into_body().into_with_config().limit(MAX_ANSWER).reader();
    reader.read_to_end(&mut bytes).map_err(|error| {
        // The library's own errors come through `io::Error` here.
        error.downcast::<Error>().map_or(HttpFault::Gone, fault)
    })?;
    Ok(bytes)
}

fn fault(error: Error) -> HttpFault {
    match error {
        Error::Timeout(_) => HttpFault::Silent,
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => HttpFault::Silent,
        Error::Io(_) | Error::HostNotFound | Error::ConnectionFailed => HttpFault::Gone,
        Error::StatusCode(status) => HttpFault::Status(status),
        _ => HttpFault::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printers_address_has_its_port_and_its_path() {
        let address = Address::parse("ipp://badge.example/ipp/print").unwrap();
        assert_eq!(address.http, "http://badge.example:631/ipp/print");
        assert_eq!(Address::parse("http://[::1]:8631/").unwrap().ipp.to_string(), "ipp://[::1]:8631/");
        for wrong in ["", "badge", "ipps://badge/", "file:///dev/lp0", "ipp://", "usb://Evolis/Zenius", "ipp://a b/"] {
            assert!(Address::parse(wrong).is_none(), "{wrong}");
        }
    }
}
