//! The house, who sits in it, and its backup.

use std::path::Path;

use lanyard_station::api::{FirstStart, NewOperator, OperatorView, Recovery, Status, Theme};
use tauri::State;

use super::secret;
use crate::desk::{Answer, Desk};

#[tauri::command]
pub(super) async fn status(desk: State<'_, Desk>) -> Answer<Status> {
    desk.ask(|station| Ok(station.status())).await
}

#[tauri::command]
pub(super) async fn first_start(desk: State<'_, Desk>, start: FirstStart) -> Answer<Recovery> {
    desk.ask(move |station| station.first_start(start)).await
}

#[tauri::command]
pub(super) async fn recovery_confirm(desk: State<'_, Desk>, code: String) -> Answer<Status> {
    desk.ask(move |station| station.recovery_confirm(&code)).await
}

#[tauri::command]
pub(super) async fn sign_in(desk: State<'_, Desk>, login: String, password: String) -> Answer<Status> {
    desk.ask(move |station| station.sign_in(&login, &secret(password))).await
}

#[tauri::command]
pub(super) async fn lock(desk: State<'_, Desk>) -> Answer<Status> {
    desk.ask(|station| Ok(station.lock())).await
}

#[tauri::command]
pub(super) async fn recover(desk: State<'_, Desk>, code: String, login: String, password: String) -> Answer<Status> {
    desk.ask(move |station| station.recover(&code, &login, &secret(password))).await
}

#[tauri::command]
pub(super) async fn prefer(desk: State<'_, Desk>, language: String, theme: Theme) -> Answer<Status> {
    desk.ask(move |station| station.prefer(&language, theme)).await
}

#[tauri::command]
pub(super) async fn operators(desk: State<'_, Desk>) -> Answer<Vec<OperatorView>> {
    desk.ask(lanyard_station::Station::operators).await
}

#[tauri::command]
pub(super) async fn operator_add(desk: State<'_, Desk>, operator: NewOperator) -> Answer<Vec<OperatorView>> {
    desk.ask(move |station| station.operator_add(operator)).await
}

#[tauri::command]
pub(super) async fn operator_remove(desk: State<'_, Desk>, id: String) -> Answer<Vec<OperatorView>> {
    desk.ask(move |station| station.operator_remove(&id)).await
}

#[tauri::command]
pub(super) async fn operator_right(
    desk: State<'_, Desk>,
    id: String,
    right: String,
    give: bool,
) -> Answer<Vec<OperatorView>> {
    desk.ask(move |station| station.operator_right(&id, &right, give)).await
}

#[tauri::command]
pub(super) async fn password_change(desk: State<'_, Desk>, old: String, new: String) -> Answer<()> {
    desk.ask(move |station| station.password_change(&secret(old), &secret(new))).await
}

#[tauri::command]
pub(super) async fn backup(desk: State<'_, Desk>, path: String) -> Answer<()> {
    desk.ask(move |station| station.backup(Path::new(&path))).await
}

#[tauri::command]
pub(super) async fn backup_prove(desk: State<'_, Desk>, path: String, password: String) -> Answer<Status> {
    desk.ask(move |station| station.backup_prove(Path::new(&path), &secret(password))).await
}

#[tauri::command]
pub(super) async fn restore(desk: State<'_, Desk>, path: String, password: String, login: String) -> Answer<Status> {
    desk.ask(move |station| station.restore(Path::new(&path), &login, &secret(password))).await
}
