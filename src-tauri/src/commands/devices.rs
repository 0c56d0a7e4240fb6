//! Readers and printers, and the rehearsal's bench.

use lanyard_station::Station;
use lanyard_station::api::{BenchAction, BenchView, DeviceRole, Status, TestReport};
use tauri::State;

use crate::desk::{Answer, Desk};

#[tauri::command]
pub(super) async fn device_test(desk: State<'_, Desk>, id: String) -> Answer<TestReport> {
    desk.ask(move |station| station.device_test(&id)).await
}

#[tauri::command]
pub(super) async fn device_role(desk: State<'_, Desk>, id: String, role: Option<DeviceRole>) -> Answer<Status> {
    desk.ask(move |station| station.device_role(&id, role)).await
}

#[tauri::command]
pub(super) async fn printer_add(desk: State<'_, Desk>, name: String, uri: String) -> Answer<Status> {
    desk.ask(move |station| station.printer_add(&name, &uri)).await
}

#[tauri::command]
pub(super) async fn printer_remove(desk: State<'_, Desk>, id: String) -> Answer<Status> {
    desk.ask(move |station| station.printer_remove(&id)).await
}

#[tauri::command]
pub(super) async fn bench(desk: State<'_, Desk>) -> Answer<BenchView> {
    desk.ask(Station::bench).await
}

#[tauri::command]
pub(super) async fn bench_do(desk: State<'_, Desk>, action: BenchAction) -> Answer<BenchView> {
    desk.ask(move |station| station.bench_do(&action)).await
}
