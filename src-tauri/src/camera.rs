//! Who may use the camera: our own page, nobody else, and nothing but the camera. Which page is our own.

use tauri::webview::{PermissionKind, PermissionResponse};
use tauri::{Url, WebviewWindow};

/// Whether this is the page that was built into the program.
pub(crate) fn own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Where a web view knows no schemes of its own.
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// The answer to a page that asks for something.
pub(crate) fn answer(page: Option<&Url>, kind: PermissionKind) -> PermissionResponse {
    if kind == PermissionKind::Camera && page.is_some_and(own) {
        PermissionResponse::Allow
    } else {
        PermissionResponse::Deny
    }
}

/// In a build for whole-system tests, and only if the environment asks for it: the web view's own picture in place of a
/// camera.
#[cfg(all(feature = "e2e", target_os = "linux"))]
pub(crate) fn prepare(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{SettingsExt, WebViewExt};

    if std::env::var_os("LANYARD_MOCK_CAMERA").is_none() {
        return Ok(());
    }
    window.with_webview(|webview| {
        if let Some(settings) = WebViewExt::settings(&webview.inner()) {
            settings.set_enable_mock_capture_devices(true);
        }
    })
}

#[cfg(not(all(feature = "e2e", target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "the other one can fail")]
pub(crate) fn prepare(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_page_from_elsewhere_gets_no_camera() {
        for page in
            ["https://example.org/", "http://tauri.localhost.example.org/", "file:///tmp/x.html", "tauri://other/"]
        {
            assert_eq!(answer(Some(&url(page)), PermissionKind::Camera), PermissionResponse::Deny, "{page}");
        }
        assert_eq!(answer(None, PermissionKind::Camera), PermissionResponse::Deny);
    }

    #[test]
    fn our_page_gets_the_camera_and_nothing_else() {
        let ours = url("tauri://localhost/index.html");
        assert_eq!(answer(Some(&ours), PermissionKind::Camera), PermissionResponse::Allow);
        assert_eq!(answer(Some(&ours), PermissionKind::Microphone), PermissionResponse::Deny);
        assert_eq!(answer(Some(&ours), PermissionKind::Geolocation), PermissionResponse::Deny);
    }
}
