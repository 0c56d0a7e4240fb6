//! What the window may ask. One function a command, each hands on to the method of the same name.

mod cases;
mod devices;
mod encodings;
mod history;
mod house;
mod people;

use lanyard_secret::SecretBytes;
use tauri::ipc::{Invoke, InvokeBody, Request};

use crate::desk::{Answer, failed};

fn secret(typed: String) -> SecretBytes {
    SecretBytes::new(typed.into_bytes())
}

/// A file's bytes, sent as they are. Where the web view cannot do that, they come as a list of numbers.
fn bytes(request: &Request<'_>) -> Answer<Vec<u8>> {
    match request.body() {
        InvokeBody::Raw(bytes) => Ok(bytes.clone()),
        InvokeBody::Json(value) => value
            .as_array()
            .and_then(|list| list.iter().map(|one| one.as_u64().and_then(|n| u8::try_from(n).ok())).collect())
            .ok_or_else(|| failed("bytes")),
    }
}

fn header(request: &Request<'_>, name: &str) -> Answer<String> {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or_else(|| failed(name))
}

/// All commands.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        house::status,
        house::first_start,
        house::recovery_confirm,
        house::sign_in,
        house::lock,
        house::recover,
        house::prefer,
        house::operators,
        house::operator_add,
        house::operator_remove,
        house::operator_right,
        house::password_change,
        house::backup,
        house::backup_prove,
        house::restore,
        people::search,
        people::person,
        people::person_save,
        people::import_people,
        people::refused_save,
        people::blob,
        cases::case_open,
        cases::case_view,
        cases::case_do,
        cases::case_photo,
        cases::case_bind,
        cases::case_void,
        cases::card_void,
        cases::card_read,
        cases::card_finish,
        cases::card_roll_back,
        cases::card_reset,
        encodings::encoding_list,
        encodings::encoding_view,
        encodings::encoding_check,
        encodings::encoding_plan,
        encodings::encoding_diff,
        encodings::encoding_add,
        encodings::encoding_use,
        history::history,
        history::history_recent,
        history::history_verify,
        history::history_export,
        devices::device_test,
        devices::device_role,
        devices::printer_add,
        devices::printer_remove,
        devices::bench,
        devices::bench_do,
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn whatever_the_window_asks_for_is_there_and_nothing_else() {
        let window = include_str!("../../../ui/station/src/core/station.ts").split("export const station").nth(1);
        let calls = window.unwrap_or_default().split(">(\"").skip(1);
        let asked: BTreeSet<&str> = calls.filter_map(|call| call.split('"').next()).collect();
        let listed = include_str!("mod.rs").split("generate_handler![").nth(1).and_then(|list| list.split(']').next());
        let answered: BTreeSet<&str> =
            listed.unwrap_or_default().split(',').filter_map(|path| path.trim().split("::").nth(1)).collect();
        assert!(asked.len() > 30, "{asked:?}");
        assert_eq!(asked, answered);
    }
}
