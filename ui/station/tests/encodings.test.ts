// Encodings by keyboard: a person who prepares cards sees what would be written, and what is wrong, before a card is laid.
import { configure, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { speak } from "../../shared/words/words.svelte";
import { install } from "../fake/install";
import App from "../src/App.svelte";
import { mayEnter, nav } from "../src/core/nav.svelte";
import { valueWords } from "../src/encodings/changes";
import { placeWords, spotOf } from "../src/encodings/spots";

// On a machine that is busy.
configure({ asyncUtilTimeout: 20_000 });
vi.setConfig({ testTimeout: 60_000 });

const press = (key: string, ctrlKey = false) =>
  (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent("keydown", {
      key,
      code: /^\d$/.test(key) ? `Digit${key}` : key,
      ctrlKey,
      bubbles: true,
      cancelable: true,
    }),
  );

async function take(name: string, text: string) {
  const input = screen.getByTestId<HTMLInputElement>("encoding-input");
  Object.defineProperty(input, "files", { value: [new File([text], name)], configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

describe("the encodings of the house", () => {
  beforeEach(async () => {
    localStorage.clear();
    Element.prototype.scrollIntoView = () => undefined;
    File.prototype.arrayBuffer ??= function (this: File) {
      return new Response(this).arrayBuffer();
    };
    const { world } = install();
    world.started(true, true);
    world.signIn("ana");
    nav.reset();
    speak("en");
    render(App);
    await screen.findByTestId("search");
    press("5", true);
    await screen.findByTestId("encodings");
  });

  it("are read, planned and left again without a mouse", async () => {
    const list = screen.getByTestId("encodings");
    expect(list.querySelector('[aria-selected="true"]')?.getAttribute("data-id")).toBe("starter@1");
    press("ArrowDown");
    press("Enter");
    await waitFor(() => expect(screen.getByTestId("encoding").dataset.id).toBe("three-applications@1"));
    expect(screen.getByTestId("application-4C5911").textContent).toContain("Canteen");
    screen.getByTestId("encoding-plan").focus();
    screen.getByTestId("encoding-plan").click();
    await waitFor(() => expect(Number(screen.getByTestId("plan-total").dataset.exchanges)).toBeGreaterThan(40));
    press("Escape");
    await screen.findByTestId("encoding");
    press("Escape");
    expect((await screen.findByTestId("encodings")).querySelector('[aria-selected="true"]')?.textContent).toContain(
      "canteen",
    );
  });

  it("show at which block a finding is, and say why it matters", async () => {
    await take("canteen.toml", "risky");
    const found = await screen.findByTestId("findings");
    const error = found.querySelector('[data-severity="error"]');
    expect(error?.getAttribute("aria-selected")).toBe("true");
    expect(error?.textContent).toContain("Anybody can read “given_name”");
    const row = screen.getByTestId("application-4C5912").querySelector('tr[data-spot="application 4C5912, file 1"]');
    expect(row?.classList.contains("marked")).toBe(true);
    // What is wrong with it keeps it out of the house.
    expect(screen.getByTestId("encoding-add").getAttribute("aria-disabled")).toBe("true");
  });

  it("take no file with mistakes: each is told with line, column and what to write, in the operator’s language", async () => {
    speak("de");
    await take("doors.toml", "wrong");
    await screen.findByTestId("encoding-wrong");
    const items = [...screen.getByTestId("findings").querySelectorAll("li")].map((item) => item.textContent ?? "");
    expect(items).toHaveLength(4);
    expect(items[0]).toContain("Kein Schlüssel hat die Rolle „door“");
    expect(items.every((item) => /Zeile \d+, Spalte \d+/.test(item))).toBe(true);
    expect(screen.queryByTestId("encoding-add")).toBeNull();
    speak("en");
  });

  it("are not planned for a card that is too old: the page says why", async () => {
    press("Enter");
    await screen.findByTestId("encoding");
    screen.getByTestId("encoding-plan").click();
    (await screen.findByTestId("plan-family-ev1")).click();
    await waitFor(() => expect(screen.getByTestId("alert").dataset.code).toBe("card.kind"));
    expect(screen.queryByTestId("plan-steps")).toBeNull();
  });
});

it("nobody who neither prepares cards nor says who may sees the encodings", () => {
  expect(mayEnter("encodings", ["void", "export"])).toBe(false);
  expect(mayEnter("encodings", ["issue"])).toBe(true);
  expect(mayEnter("desk", [])).toBe(true);
});

it("what differs is told in words, not in numbers of a protocol", () => {
  speak("en");
  expect(valueWords("rights", "read key 1, write key 0, read_write never, change never", null)).toBe(
    "Read: key 1, Write: key 0, Change rights: nobody",
  );
  expect(valueWords("settings", "0F", null)).toBe("anybody may list, anybody may create");
  expect(valueWords("settings", "09", null)).toBe("master key only");
  expect(valueWords("key", 'doors by uid, system "lanyard"', null)).toBe("doors (UID + constant of the house)");
  expect(valueWords("application", "1 keys, 2 files", null)).toBe("1 key, 2 files");
});

it("a place in the file is a block of the picture and a place in words", () => {
  expect(spotOf("application 4C5901, file 1, access")).toBe("application 4C5901, file 1");
  expect(spotOf("application 4C5901, settings")).toBe("application 4C5901");
  expect(spotOf("accept copyable")).toBe("card");
  expect(placeWords("application 4C5901, file 1, field number", [])).toBe("Application 4C5901 · file 1 · field number");
});
