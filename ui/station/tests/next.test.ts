// A half-written card on the reader: one step, the right one, and it is never the wrong one.
import { configure, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import type { CardOnReader } from "../../shared/generated/CardOnReader";
import { speak } from "../../shared/words/words.svelte";
import { install } from "../fake/install";
import App from "../src/App.svelte";
import { nav } from "../src/core/nav.svelte";

// On a machine that is busy.
configure({ asyncUtilTimeout: 20_000 });
vi.setConfig({ testTimeout: 60_000 });

let fake: ReturnType<typeof install>;

function lay(card: Partial<CardOnReader>): void {
  const { world } = fake;
  const encoder = world.status.devices[0];
  const own = world.people[0]?.cards[0] ?? null;
  if (encoder)
    encoder.card = {
      technology: "desfire",
      uid: "0480a1b2c3d47f",
      standing: "half_written",
      card: own,
      person: world.people[0]?.hit ?? null,
      case: null,
      problem: null,
      next: [],
      ...card,
    };
  world.say();
}

beforeEach(async () => {
  localStorage.clear();
  window.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  fake = install();
  fake.world.started(false, true);
  nav.reset();
  speak("en");
  render(App);
  await screen.findByTestId("search");
});

it("of an open case is finished there", async () => {
  const open = fake.flow.open("p5");
  lay({ next: ["finish"], case: open.id });
  (await screen.findByTestId("card-next")).click();
  await waitFor(() => expect(nav.place).toEqual({ at: "case", id: open.id }));
});

it("whose keys were being changed is finished at the desk, and the desk says what came of it", async () => {
  lay({ next: ["finish", "roll_back"] });
  (await screen.findByTestId("card-next")).click();
  await waitFor(() => expect(screen.getByTestId("card-done").dataset.deed).toBe("rekeyed"));
});

it("that was given up is reset by two people, and by nobody alone", async () => {
  lay({ standing: "unproven", next: ["reset"] });
  (await screen.findByTestId("card-next")).click();
  await screen.findByTestId("two-people");
  expect(screen.getByTestId("two-do").getAttribute("aria-disabled")).toBe("true");
  screen.getByTestId("two-do").click();
  expect(screen.queryByTestId("card-done")).toBeNull();
  // Another card takes the question away.
  lay({ uid: "0480a1b2c3d480", standing: "ours", next: ["verify", "reset"] });
  await waitFor(() => expect(screen.queryByTestId("two-people")).toBeNull());
  expect(screen.queryByTestId("card-next")).toBeNull();
});
