// Something the person asked for: while it runs nothing is asked twice; what goes wrong is kept to be shown in place.
import { untrack } from "svelte";
import type { Problem } from "../../../shared/generated/Problem";
import { asProblem } from "./station";

export class Attempt {
  problem = $state<Problem | null>(null);
  busy = $state(false);
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `what`; true if it went well. */
  async run(what: () => Promise<unknown>): Promise<boolean> {
    // Asked from within an effect, this must not make the effect depend on its own doing.
    if (untrack(() => this.busy)) return false;
    this.busy = true;
    this.problem = null;
    try {
      await what();
      return true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** As `run`, but what is asked for meanwhile is done afterwards, in order: for choices, where the last one counts. */
  next(what: () => Promise<unknown>): Promise<boolean> {
    const mine = this.#last.then(() => this.run(what));
    this.#last = mine;
    return mine;
  }
}
