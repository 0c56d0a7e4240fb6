//! `window_bench N`: the desktop program in a house that exists, N times: from the start of the process until the sign-in is
//! painted, from Enter until the desk is, and the memory of all its processes then. The page's own clock says when.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures and stops where it fails")]

use std::fs::read_to_string;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lanyard_tests::house::{ANA, Home, PASSWORD};
use lanyard_tests::window::{Screen, Window, pictures, program};

/// Notes when Enter went down, and when the desk was there and painted.
const WATCH: &str = "
    window.watched = {};
    addEventListener('keydown', (event) => {
        if (event.key === 'Enter') watched.enter = performance.now();
    }, true);
    new MutationObserver((_, observer) => {
        if (!document.querySelector('[data-testid=person-panel]')) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => (watched.desk = performance.now())));
    }).observe(document, { subtree: true, childList: true });";

/// Milliseconds, and megabytes by process.
struct Figures {
    sign_in: f64,
    desk: f64,
    memory: Vec<(String, f64)>,
}

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(5);
    let home = Home::new();
    drop(home.rehearsal());
    let runs: Vec<Figures> = (0..count).map(|_| measured(&home)).collect();

    println!("the window, {count} starts of {}, drawn in software under Xvfb", program().display());
    println!("{:>32} {:>8} {:>8} {:>8}", "", "median", "least", "most");
    row("start to sign-in painted, ms", runs.iter().map(|run| run.sign_in));
    row("Enter to desk painted, ms", runs.iter().map(|run| run.desk));
    row("memory at the desk (PSS), MB", runs.iter().map(|run| run.memory.iter().map(|(_, size)| size).sum()));
    let names: Vec<&str> =
        runs.first().into_iter().flat_map(|run| &run.memory).map(|(name, _)| name.as_str()).collect();
    for name in names {
        row(&format!("of it {name}, MB"), runs.iter().map(|run| size_of(&run.memory, name)));
    }
}

fn measured(home: &Home) -> Figures {
    // One of its own each time: a web view remembers who signed in last, and then asks for no name.
    let screen = Screen::new();
    let window = Window::open(&screen, home.path(), &pictures("bench"));
    window.see("[data-testid='lock-login']");
    let processes = started_by(window.driver());
    // The first that is painted: before the station has said how it stands the page is empty.
    let painted = when(&window, "performance.timeOrigin + performance.getEntriesByType('paint')[0]?.startTime");
    let sign_in = painted - started_at(processes[0]);

    window.run(WATCH, &[]);
    window.write(ANA);
    window.press(&["Tab"]);
    window.write(PASSWORD);
    window.press(&["Enter"]);
    window.see("[data-testid='person-panel']");
    let desk = when(&window, "watched.desk - watched.enter");
    // What was needed only to come here is given back by then.
    sleep(Duration::from_secs(2));
    let mut memory: Vec<(String, f64)> = Vec::new();
    for process in processes {
        let name = read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned();
        match memory.iter_mut().find(|(known, _)| *known == name) {
            Some((_, size)) => *size += proportional(process),
            None => memory.push((name, proportional(process))),
        }
    }
    Figures { sign_in, desk, memory }
}

/// A time of the page's clock, once it is known.
fn when(window: &Window, expression: &str) -> f64 {
    let started = Instant::now();
    loop {
        if let Some(time) = window.run(&format!("return {expression}"), &[]).as_f64() {
            return time;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{expression} is never known");
        sleep(Duration::from_millis(20));
    }
}

fn row(what: &str, values: impl Iterator<Item = f64>) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
        println!("{what:>32} {:>8.0} {least:>8.0} {most:>8.0}", sorted[sorted.len() / 2]);
    }
}

fn size_of(memory: &[(String, f64)], name: &str) -> f64 {
    memory.iter().filter(|(known, _)| known == name).map(|(_, size)| size).sum()
}

/// What of `/proc/PID/stat` comes after the name, which may have spaces: state, parent, ...
fn stat(process: u32) -> Option<Vec<String>> {
    let text = read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Every process that came of this one, the nearest first.
fn started_by(process: u32) -> Vec<u32> {
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, stat(id)?.get(1)?.parse().ok()?)))
        .collect();
    let mut found = vec![process];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found.split_off(1)
}

/// When a process started, in milliseconds since 1970, to the hundredth of a second.
fn started_at(process: u32) -> f64 {
    // proc(5): the 22nd field, in hundredths of a second since the machine started; two are before those of `stat`.
    let ticks: f64 = stat(process).unwrap()[19].parse().unwrap();
    let uptime = read_to_string("/proc/uptime").unwrap();
    let up: f64 = uptime.split_whitespace().next().unwrap().parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    (now - (up - ticks / 100.0)) * 1000.0
}

/// A process's share of the memory, in MB: what it has with others counts by its part.
fn proportional(process: u32) -> f64 {
    let rollup = read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let kilobytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.map_or(0.0, |size: f64| size * 1024.0 / 1e6)
}
