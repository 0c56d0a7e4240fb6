//! Cases and cards.

use lanyard_station::api::{CardDone, CardOnReader, CaseView, PersonView, StepInput};
use tauri::State;
use tauri::ipc::Request;

use super::{bytes, header, secret};
use crate::desk::{Answer, Desk};

#[tauri::command]
pub(super) async fn case_open(desk: State<'_, Desk>, person: String) -> Answer<CaseView> {
    desk.ask(move |station| station.case_open(&person)).await
}

#[tauri::command]
pub(super) async fn case_view(desk: State<'_, Desk>, id: String) -> Answer<CaseView> {
    desk.ask(move |station| station.case_view(&id)).await
}

#[tauri::command]
pub(super) async fn case_do(desk: State<'_, Desk>, id: String, input: StepInput) -> Answer<CaseView> {
    desk.ask(move |station| station.case_do(&id, input)).await
}

#[tauri::command]
pub(super) async fn case_photo(desk: State<'_, Desk>, request: Request<'_>) -> Answer<CaseView> {
    let (id, picture) = (header(&request, "case")?, bytes(&request)?);
    desk.ask(move |station| station.case_photo(&id, &picture)).await
}

#[tauri::command]
pub(super) async fn case_bind(desk: State<'_, Desk>, id: String) -> Answer<CaseView> {
    desk.ask(move |station| station.case_bind(&id)).await
}

#[tauri::command]
pub(super) async fn case_void(desk: State<'_, Desk>, id: String, reason: String) -> Answer<CaseView> {
    desk.ask(move |station| station.case_void(&id, &reason)).await
}

#[tauri::command]
pub(super) async fn card_void(desk: State<'_, Desk>, id: String, reason: String) -> Answer<PersonView> {
    desk.ask(move |station| station.card_void(&id, &reason)).await
}

#[tauri::command]
pub(super) async fn card_read(desk: State<'_, Desk>, reader: String) -> Answer<CardOnReader> {
    desk.ask(move |station| station.card_read(&reader)).await
}

#[tauri::command]
pub(super) async fn card_finish(desk: State<'_, Desk>, reader: String) -> Answer<CardDone> {
    desk.ask(move |station| station.card_finish(Some(&reader))).await
}

#[tauri::command]
pub(super) async fn card_roll_back(desk: State<'_, Desk>, reader: String) -> Answer<CardDone> {
    desk.ask(move |station| station.card_roll_back(Some(&reader))).await
}

#[tauri::command]
pub(super) async fn card_reset(
    desk: State<'_, Desk>,
    reader: String,
    login: String,
    password: String,
) -> Answer<CardDone> {
    desk.ask(move |station| station.card_reset(Some(&reader), &login, &secret(password))).await
}
