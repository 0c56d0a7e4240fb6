// What a browser's camera error means here. WebKitGTK answers OverconstrainedError where there is no camera at all.
import type { Problem } from "../../../shared/generated/Problem";

export function cameraProblem(error: unknown): Problem {
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
  const code =
    name === "NotAllowedError" || name === "SecurityError"
      ? "camera.refused"
      : name === "NotReadableError" || name === "AbortError"
        ? "camera.busy"
        : "camera.none";
  return { code, fault: "device", helps: "later", details: {} };
}
