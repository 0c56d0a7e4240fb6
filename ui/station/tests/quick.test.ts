// An operator who is quicker than the station: a key is about what was asked for, never lost, never about somebody else.
import { configure, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import { install } from "../fake/install";
import App from "../src/App.svelte";
import { nav } from "../src/core/nav.svelte";

// On a machine that is busy.
configure({ asyncUtilTimeout: 20_000 });
vi.setConfig({ testTimeout: 60_000 });

interface Bridge {
  invoke: (name: string, args?: Record<string, unknown>) => Promise<unknown>;
}

let fake: ReturnType<typeof install>;

/** Answers of this command stay out until they are let go. */
function held(command: string): () => void {
  const bridge = (window as unknown as { __TAURI_INTERNALS__: Bridge }).__TAURI_INTERNALS__;
  const { invoke } = bridge;
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  bridge.invoke = async (name, args) => {
    const answer = structuredClone(await invoke(name, args));
    if (name === command) await gate;
    return answer;
  };
  return letGo;
}

const press = (key: string, ctrlKey = false) =>
  (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true, cancelable: true }),
  );
const type = (text: string) => {
  const field = screen.getByTestId<HTMLInputElement>("search");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
const shown = async (name: string) =>
  waitFor(() => expect(screen.getByTestId("person-name").textContent).toContain(name));
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

beforeEach(async () => {
  localStorage.clear();
  HTMLCanvasElement.prototype.getContext = () => null;
  window.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  fake = install();
  const { world } = fake;
  world.started(true, true);
  world.signIn("ana");
  nav.reset();
  render(App);
  await shown(world.people[0]?.hit.name ?? "");
});

it("F2 right after a name is a badge for that person, not for the one who stands there still", async () => {
  const answer = held("search");
  const before = screen.getByTestId("person-name").textContent;
  type("moli");
  press("F2");
  await settled();
  expect(nav.place.at).toBe("desk");
  expect(screen.getByTestId("person-name").textContent).toBe(before);
  answer();
  await waitFor(() => expect(screen.getByTestId("case").dataset.step).toBe("data"));
  expect(screen.getByTestId("case").textContent).toContain("Sara Molin");
});

it("F2 right after the way back to the desk is about whoever was chosen there", async () => {
  type("moli");
  await shown("Sara Molin");
  nav.go({ at: "settings" });
  await settled();
  const answer = held("search");
  press("Escape");
  await settled();
  press("F2");
  await settled();
  expect(nav.place.at).toBe("desk");
  answer();
  await waitFor(() => expect(nav.place.at).toBe("case"));
  expect(screen.getByTestId("case").textContent).toContain("Sara Molin");
});

it("a key that waits is forgotten at the next one: Escape is a change of mind", async () => {
  const answer = held("search");
  type("moli");
  press("F2");
  press("Escape");
  answer();
  await shown("Sara Molin");
  await settled();
  expect(nav.place.at).toBe("desk");
});

it("of somebody whose card is not read yet, F2 waits, and is refused with the card's number", async () => {
  type("moli");
  await shown("Sara Molin");
  const answer = held("person");
  type("moller");
  await waitFor(() => expect(screen.getByTestId("person-panel").dataset.standing).toBe("active"));
  press("F2");
  await settled();
  expect(screen.getByTestId("refusal").textContent).toBe("");
  answer();
  await waitFor(() => expect(screen.getByTestId("refusal").textContent).toMatch(/still valid/));
  expect(nav.place.at).toBe("desk");
});

it("Enter while a case is being opened agrees to nothing that was not seen", async () => {
  type("moli");
  await shown("Sara Molin");
  const answer = held("case_open");
  press("F2");
  await settled();
  press("Enter", true);
  answer();
  await waitFor(() => expect(screen.getByTestId("case").dataset.step).toBe("data"));
  await settled();
  expect(screen.getByTestId("case").dataset.step).toBe("data");
});

it("an answer that was overtaken by what happened since does not put the window back", async () => {
  type("moli");
  await shown("Sara Molin");
  press("F2");
  await waitFor(() => expect(screen.getByTestId("case").dataset.step).toBe("data"));
  const answer = held("case_do");
  press("Enter", true);
  const at = (step: string) => waitFor(() => expect(screen.getByTestId("case").dataset.step).toBe(step));
  await at("photo");
  fake.flow.at(fake.flow.view("case1"), "preview");
  await at("preview");
  answer();
  await settled();
  expect(screen.getByTestId("case").dataset.step).toBe("preview");
});

it("what is chosen while the choice before it is under way counts", async () => {
  press("6", true);
  const german = await screen.findByTestId("language-de");
  const answer = held("prefer");
  german.click();
  screen.getByTestId("theme-dark").click();
  answer();
  await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
  expect(fake.world.status.session?.language).toBe("de");
});

it("a second card comes out of the box though the bench is busy with the first", async () => {
  press("b", true);
  const box = await screen.findByTestId("bench-new");
  const answer = held("bench_do");
  box.click();
  box.click();
  answer();
  await waitFor(() => expect(fake.world.bench().cards).toHaveLength(2));
});
