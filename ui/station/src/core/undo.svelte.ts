// Undo instead of "are you sure": for 20 seconds what was done can be taken back, by a counter-entry.
const LASTS_MS = 20_000;

class Undo {
  label = $state("");
  #run: (() => unknown) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  offer(label: string, run: () => unknown): void {
    clearTimeout(this.#timer);
    this.label = label;
    this.#run = run;
    this.#timer = setTimeout(() => this.forget(), LASTS_MS);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.label = "";
    this.#run = null;
  }

  take(): void {
    const run = this.#run;
    this.forget();
    run?.();
  }
}

export const undo = new Undo();
