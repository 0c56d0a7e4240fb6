//! Lets Tauri read its configuration and generate what the window may ask for.

fn main() {
    tauri_build::build();
}
