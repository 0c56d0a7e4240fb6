//! Readers that come and go while the station runs, as a real pcscd tells of them. (It takes no reader of a test in while it
//! runs itself: they come and go with it.)
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::time::{Duration, Instant};

use lanyard_station::api::{DeviceKind, DeviceView, Standing};
use lanyard_station::{HouseChoice, Options, Station};
use lanyard_tests::house::{Home, PATIENCE, ready};
use lanyard_tests::vpcd::Pcscd;
use lanyard_virtual::DesfireCard;

fn readers(station: &Station) -> Vec<DeviceView> {
    station.status().devices.into_iter().filter(|device| device.kind == DeviceKind::Reader).collect()
}

fn wait(what: &str, come: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !come() {
        assert!(Instant::now() < deadline, "{what}: never");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn standing(station: &Station, reader: &str) -> Option<Standing> {
    readers(station).into_iter().find(|device| device.name == reader)?.card.map(|card| card.standing)
}

/// Threads of this process that watch for readers, and those that they began, which are called like them.
fn watchers() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    threads
        .filter(|thread| {
            std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim() == "reader watch")
        })
        .count()
}

#[test]
fn readers_come_and_go_while_the_station_runs_and_what_comes_later_reads_cards() {
    let pcscd = Pcscd::start(&["First reader"]).unwrap();
    let (first, second) = (pcscd.reader("First reader"), pcscd.reader("Second reader"));
    let home = Home::new();
    let station = ready(Options::new(home.path().to_owned(), HouseChoice::Real), false);
    let is_there = |name: &str| readers(&station).iter().any(|device| device.name == name && !device.simulated);
    assert!(is_there(&first) && !is_there(&second));

    // The service ends, and its readers with it; when it is back there is one more.
    drop(pcscd);
    wait("no reader", || readers(&station).is_empty());
    let pcscd = Pcscd::start(&["First reader", "Second reader"]).unwrap();
    wait("both readers", || is_there(&first) && is_there(&second));
    let laid = pcscd.lay("Second reader", DesfireCard::new([0x04, 1, 2, 3, 4, 5, 6], 3)).unwrap();
    wait("the card on it", || standing(&station, &second) == Some(Standing::Blank));
    laid.lift();
    wait("the card lifted", || standing(&station, &second).is_none());
    assert!(is_there(&second));

    assert!(watchers() > 0);
    drop(station);
    wait("nobody who watches any more", || watchers() == 0);
}
