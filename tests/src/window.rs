//! The real window, driven as an operator's hands and eyes would: the desktop program in an X server of its own, spoken to
//! through WebKit's WebDriver. Keys go in, what stands on the page comes out, a picture of each step is kept.
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

/// How long the page may take to come to what is waited for, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);

/// One test with a window at a time, from its first line on: a window sees every reader of the machine, those of another
/// test's desk too; and a web view draws without a graphics card, so that two of them starve each other.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed in its turn is no reason for the next to fail.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program with all that it started, which ends with it.
struct Group(Child);

impl Group {
    fn start(command: &mut Command) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).stdin(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{program}: {error}")))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.0.id()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// A screen without a monitor. It outlives the windows on it.
pub struct Screen {
    _server: Group,
    display: String,
    /// Where the web view keeps what it keeps: nothing of one test is seen by another.
    folder: TempDir,
}

impl Screen {
    /// An X server on a free display.
    ///
    /// # Panics
    /// Where Xvfb is not installed.
    #[must_use]
    pub fn new() -> Self {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let mut server = Group::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut number = String::new();
        let said = server.0.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut number).expect("a display");
        assert!(!number.trim().is_empty(), "Xvfb did not come up");
        let display = format!(":{}", number.trim());
        Self { _server: server, display, folder: tempfile::tempdir().expect("a temporary folder") }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

/// The station's window. Dropping it ends the program as pulling the plug would.
pub struct Window {
    agent: Agent,
    session: String,
    pictures: PathBuf,
    driver: Group,
}

impl Window {
    /// Starts the program with its home here, and waits until its page is up. Pictures go to this folder.
    ///
    /// # Panics
    /// Where the program or WebKit's driver is not there, or no window comes up.
    #[must_use]
    pub fn open(screen: &Screen, home: &Path, pictures: &Path) -> Self {
        Self::open_with(screen, home, pictures, &[])
    }

    /// The same, with WebKit's own picture in place of a camera.
    ///
    /// # Panics
    /// As [`Self::open`].
    #[must_use]
    pub fn open_with_mock_camera(screen: &Screen, home: &Path, pictures: &Path) -> Self {
        Self::open_with(screen, home, pictures, &[("LANYARD_MOCK_CAMERA", "1")])
    }

    fn open_with(screen: &Screen, home: &Path, pictures: &Path, environment: &[(&str, &str)]) -> Self {
        std::fs::create_dir_all(pictures).expect("a folder for pictures");
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|bound| bound.local_addr()).expect("a port").port();
        let mut command = Command::new("WebKitWebDriver");
        command.arg(format!("--port={port}")).env("DISPLAY", &screen.display).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let kept = screen.folder.path();
        command.env("HOME", kept).env("XDG_DATA_HOME", kept.join("data")).env("XDG_CACHE_HOME", kept.join("cache"));
        command.env("LC_ALL", "C.UTF-8").env("LANGUAGE", "en").env("NO_AT_BRIDGE", "1").env_remove("WAYLAND_DISPLAY");
        command.envs(environment.iter().copied());
        let log = std::fs::File::create(pictures.join("window.log")).expect("a log");
        let driver = Group::start(command.stdout(log.try_clone().expect("a log")).stderr(log));
        until("WebKitWebDriver answers", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(()));

        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        let mut window =
            Self { agent, session: format!("http://127.0.0.1:{port}/session"), pictures: pictures.to_owned(), driver };
        let options = json!({ "binary": program(), "args": ["--home", home] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let made = window.ask("POST", "", &wanted);
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no window: {made}"));
        window.session = format!("{}/{id}", window.session);
        window.see("main");
        window
    }

    /// The process id of the driver, which started the program.
    #[must_use]
    pub fn driver(&self) -> u32 {
        self.driver.0.id()
    }

    /// Presses keys one after the other: `F2`, `Enter`, `Control+n`.
    ///
    /// # Panics
    /// Where a key has no such name, or the window does not take it.
    pub fn press(&self, keys: &[&str]) {
        for combination in keys {
            let parts: Vec<char> = combination.split('+').map(key).collect();
            let down = parts.iter().map(|key| json!({ "type": "keyDown", "value": key }));
            let up = parts.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
            self.act(&down.chain(up).collect::<Vec<_>>());
        }
    }

    /// Types text where the cursor stands.
    ///
    /// # Panics
    /// Where the window does not take it.
    pub fn write(&self, text: &str) {
        let strokes = text.chars().flat_map(|letter| {
            [json!({ "type": "keyDown", "value": letter }), json!({ "type": "keyUp", "value": letter })]
        });
        self.act(&strokes.collect::<Vec<_>>());
    }

    /// Waits until the page has such an element, which can be seen.
    ///
    /// # Panics
    /// Where it never does; says what stands on the page instead, and keeps a picture of it.
    pub fn see(&self, selector: &str) {
        let found = "const one = document.querySelector(arguments[0]); return !!one && one.getClientRects().length > 0";
        let since = Instant::now();
        while self.run(found, &[json!(selector)]) != Value::Bool(true) {
            if since.elapsed() > PATIENCE {
                self.picture("failed");
                let stands = self.run(
                    "const c = document.querySelector('[data-testid=case]'); \
                     return JSON.stringify(c?.dataset ?? {}) + document.body.innerText",
                    &[],
                );
                panic!("{selector} is not to be seen. The page: {}", stands.as_str().unwrap_or_default());
            }
            sleep(PAUSE);
        }
    }

    /// Waits until the case stands at a step, in this state.
    pub fn at(&self, step: &str, state: &str) {
        self.see(&format!("[data-testid='case'][data-step='{step}'][data-state='{state}']"));
    }

    /// Waits for an element and puts the cursor into it, as the mouse would.
    pub fn click(&self, selector: &str) {
        self.see(selector);
        self.ask("POST", &format!("/element/{}/click", self.element(selector)), &json!({}));
    }

    /// Chooses a file where the page asks for one, in place of the system's own window.
    pub fn choose(&self, selector: &str, file: &Path) {
        self.ask("POST", &format!("/element/{}/value", self.element(selector)), &json!({ "text": file }));
    }

    fn element(&self, selector: &str) -> String {
        let found = self.ask("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().and_then(|one| one.values().next()).and_then(Value::as_str);
        id.unwrap_or_default().to_owned()
    }

    /// Waits until an element says this.
    pub fn says(&self, selector: &str, text: &str) {
        until(&format!("{selector} says {text}"), || (self.text(selector) == text).then_some(()));
    }

    /// What an element says, once it is there.
    #[must_use]
    pub fn text(&self, selector: &str) -> String {
        self.see(selector);
        let text = self.run("return document.querySelector(arguments[0]).textContent.trim()", &[json!(selector)]);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Lets the page carry out a script; what it returns.
    ///
    /// # Panics
    /// Where it throws.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// From now on the camera sees this JPEG, as a stream of 30 pictures a second.
    ///
    /// # Panics
    /// Where the page cannot paint it.
    pub fn film(&self, jpeg: &[u8]) {
        let script = "
            const [bytes, ready] = [new Uint8Array(arguments[0]), arguments[1]];
            createImageBitmap(new Blob([bytes], { type: 'image/jpeg' })).then((portrait) => {
                const canvas = document.createElement('canvas');
                canvas.width = 1280; canvas.height = 720;
                const pen = canvas.getContext('2d');
                const height = 720, width = portrait.width * height / portrait.height;
                const paint = () => {
                    pen.fillStyle = '#b9bdc1'; pen.fillRect(0, 0, 1280, 720);
                    pen.drawImage(portrait, (1280 - width) / 2, 0, width, height);
                };
                paint(); setInterval(paint, 33);
                // Of the class: what is set on the one object is lost when it is collected.
                MediaDevices.prototype.getUserMedia = () => Promise.resolve(canvas.captureStream(30));
                ready('ready');
            }, (error) => ready(String(error)));";
        let said = self.ask("POST", "/execute/async", &json!({ "script": script, "args": [jpeg] }));
        assert_eq!(said, "ready");
    }

    /// The system lets nobody here use the camera, or does again. Driven by a program WebKit asks nobody: so it is the page that is
    /// told what a refusal is to it (W3C Media Capture §10.2).
    pub fn allow_camera(&self, allowed: bool) {
        let script = "
            const all = MediaDevices.prototype;
            all.asked ??= all.getUserMedia;
            const refuse = () => Promise.reject(new DOMException('', 'NotAllowedError'));
            all.getUserMedia = arguments[0] ? all.asked : refuse;";
        self.run(script, &[Value::Bool(allowed)]);
    }

    /// Keeps a picture of the window as it stands.
    ///
    /// # Panics
    /// Where it cannot be kept.
    pub fn picture(&self, name: &str) {
        self.stand_still();
        let picture = self.ask("GET", "/screenshot", &Value::Null);
        let png = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap_or_default());
        std::fs::write(self.pictures.join(format!("{name}.png")), png.expect("a picture")).expect("kept");
    }

    /// Waits until nothing moves any more, and it is painted: what moves for ever is not waited for.
    fn stand_still(&self) {
        let moving = "return document.getAnimations().some((one) => one.playState === 'running' \
            && one.effect.getComputedTiming().endTime < 10000)";
        let since = Instant::now();
        while self.run(moving, &[]) == Value::Bool(true) && since.elapsed() < PATIENCE {
            sleep(PAUSE);
        }
        let painted = "const [frames, ready] = arguments; let left = frames; \
            const next = () => (left-- > 0 ? requestAnimationFrame(next) : ready(true)); next()";
        self.ask("POST", "/execute/async", &json!({ "script": painted, "args": [4] }));
    }

    fn act(&self, strokes: &[Value]) {
        let hands = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.ask("POST", "/actions", &hands);
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let sent = match method {
            "GET" => self.agent.get(&url).call(),
            _ => self.agent.post(&url).content_type("application/json").send(body.to_string()),
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().expect("an answer");
        let mut value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}"));
        assert!(
            answer.status().is_success(),
            "{method} {path} {}: {value}",
            body.to_string().get(..200).unwrap_or_default()
        );
        value["value"].take()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Ends the program; what would not end is ended with the driver.
        let _ = self.agent.delete(&self.session).call();
    }
}

/// Codes of the keys that have no letter: WebDriver §17.4.2.
fn key(name: &str) -> char {
    match name {
        "Control" => '\u{E009}',
        "Backspace" => '\u{E003}',
        "Tab" => '\u{E004}',
        "Enter" => '\u{E007}',
        "Shift" => '\u{E008}',
        "Escape" => '\u{E00C}',
        "Space" => ' ',
        "PageUp" => '\u{E00E}',
        "PageDown" => '\u{E00F}',
        "End" => '\u{E010}',
        "Home" => '\u{E011}',
        "ArrowLeft" => '\u{E012}',
        "ArrowUp" => '\u{E013}',
        "ArrowRight" => '\u{E014}',
        "ArrowDown" => '\u{E015}',
        _ => match (name.strip_prefix('F').and_then(|digits| digits.parse().ok()), name.chars().next()) {
            (Some(number @ 1..=12), _) => char::from_u32(0xE030 + number).expect("a private letter"),
            (None, Some(letter)) if name.chars().count() == 1 => letter,
            _ => panic!("no key {name}"),
        },
    }
}

/// The desktop program: `LANYARD_DESKTOP`, or where `cargo xtask test` builds it.
///
/// # Panics
/// Where it is not built.
#[must_use]
pub fn program() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/lanyard-desktop");
    let path = std::env::var_os("LANYARD_DESKTOP").map_or(built, PathBuf::from);
    let how = "build ui, then: cargo build -p lanyard-desktop --features custom-protocol,e2e";
    path.canonicalize().unwrap_or_else(|_| panic!("{} is not there: {how}", path.display()))
}

/// Where pictures of a run are kept; those of the run before are gone.
#[must_use]
pub fn pictures(of: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/window").join(of);
    // Where there was none, none is removed.
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(PAUSE);
    }
}
