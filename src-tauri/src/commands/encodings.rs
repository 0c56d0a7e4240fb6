//! Encodings, looked at before a card is touched.

use lanyard_station::api::{
    CardFamily, EncodingAdded, EncodingCheck, EncodingDiff, EncodingHit, EncodingPlan, EncodingSummary, EncodingView,
};
use tauri::State;
use tauri::ipc::Request;

use super::bytes;
use crate::desk::{Answer, Desk};

#[tauri::command]
pub(super) async fn encoding_list(desk: State<'_, Desk>) -> Answer<Vec<EncodingSummary>> {
    desk.ask(lanyard_station::Station::encoding_list).await
}

#[tauri::command]
pub(super) async fn encoding_view(desk: State<'_, Desk>, id: String) -> Answer<EncodingView> {
    desk.ask(move |station| station.encoding_view(&id)).await
}

#[tauri::command]
pub(super) async fn encoding_check(desk: State<'_, Desk>, request: Request<'_>) -> Answer<EncodingCheck> {
    let file = bytes(&request)?;
    desk.ask(move |station| station.encoding_check(&file)).await
}

#[tauri::command]
pub(super) async fn encoding_plan(
    desk: State<'_, Desk>,
    id: String,
    person: Option<String>,
    card: CardFamily,
) -> Answer<EncodingPlan> {
    desk.ask(move |station| station.encoding_plan(&id, person.as_deref(), card)).await
}

#[tauri::command]
pub(super) async fn encoding_diff(desk: State<'_, Desk>, from: String, to: String) -> Answer<EncodingDiff> {
    desk.ask(move |station| station.encoding_diff(&from, &to)).await
}

#[tauri::command]
pub(super) async fn encoding_add(desk: State<'_, Desk>, text: String, make_keys: bool) -> Answer<EncodingAdded> {
    desk.ask(move |station| station.encoding_add(&text, make_keys)).await
}

#[tauri::command]
pub(super) async fn encoding_use(desk: State<'_, Desk>, name: String) -> Answer<EncodingHit> {
    desk.ask(move |station| station.encoding_use(&name)).await
}
