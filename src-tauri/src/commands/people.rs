//! People and their pictures.

use lanyard_station::api::{ImportReport, PersonHit, PersonInput, PersonView};
use tauri::ipc::{Request, Response};
use tauri::{AppHandle, Manager, State};

use super::bytes;
use crate::desk::{Answer, Desk, failed};

#[tauri::command]
pub(super) async fn search(desk: State<'_, Desk>, query: String, limit: usize) -> Answer<Vec<PersonHit>> {
    desk.ask(move |station| station.search(&query, limit)).await
}

#[tauri::command]
pub(super) async fn person(desk: State<'_, Desk>, id: String) -> Answer<PersonView> {
    desk.ask(move |station| station.person(&id)).await
}

#[tauri::command]
pub(super) async fn person_save(desk: State<'_, Desk>, person: PersonInput) -> Answer<PersonView> {
    desk.ask(move |station| station.person_save(person)).await
}

#[tauri::command]
pub(super) async fn import_people(desk: State<'_, Desk>, request: Request<'_>) -> Answer<ImportReport> {
    let file = bytes(&request)?;
    desk.ask(move |station| station.import_people(&file)).await
}

/// Where a browser would put it.
#[tauri::command]
pub(super) async fn refused_save(
    app: AppHandle,
    desk: State<'_, Desk>,
    name: String,
    csv: String,
    reasons: Vec<String>,
) -> Answer<String> {
    let folder = app.path().download_dir().ok().filter(|folder| folder.is_dir());
    let folder = folder.or_else(|| app.path().home_dir().ok()).ok_or_else(|| failed("folder"))?;
    desk.ask(move |station| station.refused_save(&folder, &name, &csv, &reasons)).await
}

#[tauri::command]
pub(super) async fn blob(desk: State<'_, Desk>, id: String) -> Answer<Response> {
    desk.ask(move |station| station.blob(&id).map(Response::new)).await
}
