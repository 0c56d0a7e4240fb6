//! The signed history.

use std::path::Path;

use lanyard_station::Station;
use lanyard_station::api::{EntryView, HistoryView, VerdictView};
use tauri::State;

use crate::desk::{Answer, Desk};

/// As many of the newest entries as a person looks through.
const NEWEST: usize = 200;

#[tauri::command]
pub(super) async fn history(desk: State<'_, Desk>, kind: String, id: String) -> Answer<HistoryView> {
    desk.ask(move |station| station.history(&kind, &id)).await
}

#[tauri::command]
pub(super) async fn history_recent(desk: State<'_, Desk>) -> Answer<Vec<EntryView>> {
    desk.ask(|station| station.history_recent(NEWEST)).await
}

#[tauri::command]
pub(super) async fn history_verify(desk: State<'_, Desk>) -> Answer<VerdictView> {
    desk.ask(Station::history_verify).await
}

#[tauri::command]
pub(super) async fn history_export(desk: State<'_, Desk>, path: String, openings: bool) -> Answer<VerdictView> {
    desk.ask(move |station| station.history_export(Path::new(&path), openings)).await
}
