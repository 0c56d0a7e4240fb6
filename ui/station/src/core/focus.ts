// Where the focus goes: to the field when a place opens, from region to region with F6.

/** Attachment: takes the focus when it appears. */
export function focused(node: HTMLElement): void {
  queueMicrotask(() => node.focus({ preventScroll: true }));
}

const focusable = 'button:not(:disabled),input:not(:disabled),textarea,[tabindex="0"]';

export function nextRegion(): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter((one) =>
    one.querySelector(focusable),
  );
  if (regions.length === 0) return;
  const here = regions.findIndex((one) => one.contains(document.activeElement));
  const next = regions[(here + 1) % regions.length];
  next?.querySelector<HTMLElement>(focusable)?.focus();
}
