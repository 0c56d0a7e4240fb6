//! The desktop shell: one window around the running station. It carries commands in and events out, and knows nothing of
//! badges.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod camera;
mod commands;
mod desk;

use clap::Parser;
use lanyard_station::{Event, HouseChoice, Options, Station};
use tauri::{AppHandle, Emitter, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder};

use crate::arguments::Arguments;
use crate::desk::Desk;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    let app = tauri::Builder::default()
        .on_permission_request(|page, kind| camera::answer(page.url().ok().as_ref(), kind))
        .invoke_handler(commands::handler())
        .setup(move |app| {
            app.manage(Desk::new(start(&arguments, app.handle())));
            open_window(app)?;
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            // The process ends without dropping what is managed: the house is closed, and says so in its history.
            app.state::<Desk>().close();
        }
    });
    Ok(())
}

fn start(arguments: &Arguments, app: &AppHandle) -> Result<Station, lanyard_station::api::Problem> {
    let app = app.clone();
    let choice = if arguments.rehearse { HouseChoice::Rehearsal } else { HouseChoice::AsFound };
    let home = arguments.home().ok_or_else(|| desk::failed("--home"))?;
    Station::start(Options::new(home, choice).listener(move |event| {
        let sent = match event {
            Event::Status(status) => app.emit("status", status),
            Event::Case(case) => app.emit("case", case),
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "the window did not hear an event");
        }
    }))
}

fn open_window(app: &tauri::App) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::App("index.html".into()))
        .title("Lanyard")
        .inner_size(1280.0, 800.0)
        .min_inner_size(1024.0, 700.0)
        // Pictures and lists are dropped into the page.
        .disable_drag_drop_handler()
        .on_navigation(camera::own)
        .build()?;
    camera::prepare(&window)
}
