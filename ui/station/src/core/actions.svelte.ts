// What can be done now. One list makes the buttons, the keys, the key sheet and the list of all actions, so that they
// never disagree.
import { onMount, tick } from "svelte";

export interface Action {
  /** Stable; also the `data-testid` of its button. */
  id: string;
  label: string;
  /** `F2`, `Ctrl+E`, `Enter`, `Escape`. */
  key?: string;
  run: () => unknown;
  /** Why it may not be done now: the button stays, dashed, and says so. */
  refused?: string;
  /** The one right action: filled, Ctrl+Enter from anywhere. */
  main?: boolean;
  danger?: boolean;
  busy?: boolean;
  /** What it is about is still being read: its key waits for that, and is then about what is shown. */
  later?: boolean;
  /** Not listed: moving about in a list, arrows. */
  quiet?: boolean;
}

interface Layer {
  actions: () => Action[];
  rank: number;
}

let layers = $state.raw<Layer[]>([]);
/** The last refusal, said aloud and shown until the next key. */
export const refusal = $state({ text: "" });

/** Offers actions while the calling component lives; the higher rank wins, then what came last. */
export function offer(actions: () => Action[], rank: -1 | 0 | 1 = 0): void {
  onMount(() => {
    const layer = { actions, rank };
    layers = [layer, ...layers].sort((a, b) => b.rank - a.rank);
    return () => {
      layers = layers.filter((one) => one !== layer);
    };
  });
}

/** All actions, nearest first, each key once. */
export function allActions(): Action[] {
  const found: Action[] = [];
  for (const layer of layers) {
    for (const action of layer.actions()) {
      const known = found.some((one) => one.id === action.id || (action.key && one.key === action.key));
      if (!known) found.push(action);
    }
  }
  return found;
}

export function actionFor(key: string): Action | undefined {
  for (const layer of layers) {
    const actions = layer.actions();
    const found =
      key === "Enter" || key === "Ctrl+Enter"
        ? (actions.find((action) => action.key === key) ?? actions.find((action) => action.main))
        : actions.find((action) => action.key === key);
    if (found) return found;
  }
  return undefined;
}

/** Keys of what is still being read. */
export function laterKeys(...keys: string[]): Action[] {
  return keys.map((key) => ({ id: `later-${key}`, label: "", key, later: true, quiet: true, run: () => undefined }));
}

const waiting = $state<{ key: string | null }>({ key: null });

/** Whether a key came before what it is meant for. A key of one meaning only waits for work under way, too; Enter would
 * agree to what nobody has seen yet. */
function early(key: string): boolean {
  const action = actionFor(key);
  if (action) return action.later ?? false;
  return /^F\d+$/.test(key) && allActions().some((one) => one.busy);
}

/** A command key was pressed; whether it is one here. */
export function press(key: string, repeated: boolean): boolean {
  const action = actionFor(key);
  if (early(key)) waiting.key = key;
  else if (action && (!repeated || action.quiet)) act(action);
  return action !== undefined || waiting.key !== null;
}

/** Another key, or a click, is a change of mind. */
export function waitNoMore(): void {
  waiting.key = null;
}

/** Carries out the key that came early, once what it is meant for is there. Called once, by what is always there. */
export function catchUp(): void {
  $effect(() => {
    if (waiting.key === null || early(waiting.key)) return;
    // What is shown comes up with this flush.
    void tick().then(() => {
      const key = waiting.key;
      if (key === null || early(key)) return;
      waiting.key = null;
      const action = actionFor(key);
      if (action) act(action);
    });
  });
}

export function act(action: Action): void {
  refusal.text = "";
  if (action.busy) return;
  if (action.later) {
    waiting.key = action.key ?? null;
    return;
  }
  if (action.refused) {
    refusal.text = `${action.label}: ${action.refused}`;
    return;
  }
  action.run();
}
