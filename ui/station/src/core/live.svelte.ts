// What the station says of itself, kept as it was last said. Everything on screen is drawn from here.
import { listen } from "@tauri-apps/api/event";
import { isLanguage, speak, systemLanguage } from "../../../shared/words/words.svelte";
import type { DeviceRole } from "../../../shared/generated/DeviceRole";
import type { DeviceView } from "../../../shared/generated/DeviceView";
import type { CaseView } from "../../../shared/generated/CaseView";
import type { Status } from "../../../shared/generated/Status";
import { forgetBlobs } from "./blobs";
import { applyTheme } from "./theme";
import { nav } from "./nav.svelte";
import { eventCame, isOvertaken } from "./order";
import { sound } from "./sounds";
import { station } from "./station";
import { undo } from "./undo.svelte";

class Live {
  status = $state<Status | null>(null);
  cases = $state<Record<string, CaseView>>({});
  /** First start is under way: the house may be there already, its recovery code is not yet on paper. */
  starting = $state(false);
  /** The recovery code, held only until it is confirmed. */
  recovery = $state<string | null>(null);

  /** Somebody is signed in, and first start is over. */
  inside(): boolean {
    return Boolean(this.status?.session) && !this.starting;
  }

  rights(): string[] {
    return this.status?.session?.rights ?? [];
  }

  may(right: string): boolean {
    return this.rights().includes(right);
  }

  /** Readers and printers as they are used: what is laid first stands first. */
  devices(): DeviceView[] {
    const order: (DeviceRole | null)[] = ["desk", "encoder", "lf", "chip", "print", null];
    return [...(this.status?.devices ?? [])].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  }

  rehearsal(): boolean {
    return this.status?.house?.rehearsal ?? false;
  }
}

export const live = new Live();

/** Takes a status in, from an answer or an event. */
export function heard(status: Status): void {
  if (isOvertaken("status", status)) return;
  const before = live.status;
  live.status = status;
  if (status.session) {
    if (!live.starting && before?.session?.language !== status.session.language) speak(status.session.language);
    applyTheme(status.session.theme);
  } else if (before?.session) {
    wipe();
  }
  const cardsBefore = before?.devices.filter((d) => d.card).length ?? 0;
  const cardsNow = status.devices.filter((d) => d.card).length;
  if (before && cardsNow > cardsBefore) sound("card");
}

/** Takes a case in, from an answer or an event. */
export function heardCase(view: CaseView): void {
  if (isOvertaken(view.id, view)) return;
  const before = live.cases[view.id];
  live.cases[view.id] = view;
  if (!before || (before.step === view.step && before.state === view.state)) return;
  if (view.state === "stopped") sound("stop");
  else if (view.step !== before.step || view.state === "done") sound("step");
}

/** The lock wipes what the window holds. */
function wipe(): void {
  live.cases = {};
  live.recovery = null;
  live.starting = false;
  forgetBlobs();
  undo.forget();
  nav.reset();
}

export async function begin(): Promise<void> {
  const kept = localStorage.getItem("language");
  speak(kept && isLanguage(kept) ? kept : systemLanguage());
  await listen<Status>("status", ({ payload }) => {
    eventCame("status");
    heard(payload);
  });
  await listen<CaseView>("case", ({ payload }) => {
    eventCame(payload.id);
    heardCase(payload);
  });
  heard(await station.status());
}
