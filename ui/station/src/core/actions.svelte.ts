// What can be done now. One list makes the buttons, the keys, the key sheet and the list of all actions, so that they
// never disagree.
import { onMount } from "svelte";

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

export function act(action: Action): void {
  refusal.text = "";
  if (action.busy) return;
  if (action.refused) {
    refusal.text = `${action.label}: ${action.refused}`;
    return;
  }
  action.run();
}
