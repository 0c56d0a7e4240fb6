// Ctrl + and -: the web view's own zoom, so that the layout answers as to a smaller window. Kept from start to start.
import { getCurrentWebview } from "@tauri-apps/api/webview";

const steps = [0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2];
let at = steps.indexOf(Number(localStorage.getItem("zoom") ?? "1"));
if (at < 0) at = 2;

async function set(): Promise<void> {
  localStorage.setItem("zoom", String(steps[at]));
  await getCurrentWebview().setZoom(steps[at] ?? 1);
}

export function zoomIn(): void {
  at = Math.min(at + 1, steps.length - 1);
  void set();
}

export function zoomOut(): void {
  at = Math.max(at - 1, 0);
  void set();
}

export function zoomBack(): void {
  at = steps.indexOf(1);
  void set();
}

export function zoomAsKept(): void {
  if (steps[at] !== 1) void set();
}
