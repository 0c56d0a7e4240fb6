// Events come in the order in which things came about. Answers travel apart from them: one that was overtaken by an
// event about the same thing would put the window back to what is over, until the next event.
import { invoke, type InvokeArgs, type InvokeOptions } from "@tauri-apps/api/core";

let told = 0;
const lastTold = new Map<string, number>();
const askedAt = new WeakMap<object, number>();

/** An event about this: `status`, or a case's id. */
export function eventCame(about: string): void {
  lastTold.set(about, ++told);
}

/** Asks the station for a view that it also tells by events. */
export async function ask<T extends object>(command: string, args?: InvokeArgs, options?: InvokeOptions): Promise<T> {
  const asked = told;
  const view = await invoke<T>(command, args, options);
  askedAt.set(view, asked);
  return view;
}

/** Something newer about the same was told since this was asked for. */
export function isOvertaken(about: string, view: object): boolean {
  const asked = askedAt.get(view);
  return asked !== undefined && (lastTold.get(about) ?? 0) > asked;
}
