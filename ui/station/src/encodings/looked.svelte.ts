// What was last looked at among the encodings: going back finds it again, and a file is read once.
import type { EncodingCheck } from "../../../shared/generated/EncodingCheck";
import { live } from "../core/live.svelte";

class Looked {
  /** The encoding that the list stands at. */
  at = $state("");
  name = $state("");
  text = "";
  check = $state.raw<EncodingCheck | null>(null);

  /** A file that was read and is not taken yet. */
  file(name: string, text: string, check: EncodingCheck): void {
    [this.name, this.text, this.check] = [name, text, check];
  }
}

export const looked = new Looked();

/** In a rehearsal there is nothing to be guarded. */
export function mayChange(): boolean {
  return live.rehearsal() || live.may("encoding.change");
}
