// From first start to handed over with nothing but the keyboard, against the fake station, in all four languages; axe
// looks at every screen on the way. Ends with the number of checks, exits 1 on the first that fails.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { openStage } from "./stage.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const languages = process.argv.slice(2);
const stage = await openStage();
let checks = 0;
let failed = 0;

for (const language of languages.length > 0 ? languages : ["en", "fr", "de", "sv"]) {
  const page = await stage.page({ language, theme: language === "sv" ? "dark" : "light", pace: 15 });
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const seen = (testid) => page.waitForSelector(`[data-testid="${testid}"]`);
  const at = (step, state) =>
    page.waitForSelector(`[data-testid="case"][data-step="${step}"]${state ? `[data-state="${state}"]` : ""}`);
  /** What axe finds, and that there is at most one filled button. */
  const look = async (name) => {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }),
    );
    for (const one of violations) {
      failed += 1;
      console.log(`${language} ${name}: ${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
    }
    const filled = await page.locator("[data-main]").count();
    assert.ok(filled <= 1, `${language} ${name}: ${filled} filled buttons`);
    checks += 1;
  };
  const bench = (action) => page.evaluate((what) => window.__fake.world.handle(what), action);
  const lay = async (kind, reader) => {
    await bench({ do: "new_card", kind });
    await bench({ do: "lay", card: await page.evaluate(() => window.__fake.world.cards.length), reader });
  };

  await look("first house");
  await press("Enter");
  await seen("first-name");
  await page.keyboard.type("Gate 2");
  await press("Enter");
  await seen("operator-name-0");
  await page.keyboard.type("Ana Berg");
  await press("Tab", "Tab");
  await page.keyboard.type("kranen vid kajen 7");
  await press("Control+n");
  await seen("operator-name-1");
  await page.keyboard.type("Jon Lund");
  await press("Tab", "Tab");
  await page.keyboard.type("sju svarta svanar");
  await look("first operators");
  await press("Enter");
  const code = await (await seen("recovery-code")).textContent();
  await look("first recovery");
  await press("Enter");
  await seen("recovery-typed");
  await page.keyboard.type(code);
  await press("Enter");

  await seen("search");
  await page.keyboard.type("mol");
  await page.waitForSelector('[data-testid="hit"][data-name="Sara Molin"]');
  await press("ArrowDown", "ArrowDown");
  await page.waitForSelector('[data-testid="person-panel"][data-standing="no_card"]');
  await look("desk");
  await press("F2");
  await at("data");
  await look("data");
  await press("Control+Enter");
  await at("photo");
  await look("photo");
  await press("F7");
  await page.waitForSelector('[data-seeing="true"]');
  await press("Enter");
  await seen("photo-frame");
  await press("ArrowLeft", "PageUp", "Control+ArrowRight");
  await look("framing");
  await press("Home", "Enter");
  await at("preview");
  await look("preview");
  await press("Enter");
  await at("card");
  await look("card");
  await page.evaluate(() => (window.__fake.world.liftAfter = 6));
  await lay("blank", "Encoder");
  await at("encode", "stopped");
  await look("torn");
  // Parked, another person looked at, taken up again.
  await press("Escape");
  await seen("waiting-case");
  await page.keyboard.type("x");
  await press("Control+k");
  await page.keyboard.type("molin");
  await page.waitForSelector('[data-testid="person-panel"][data-standing="in_progress"]');
  await press("F2");
  await at("encode", "stopped");
  await bench({ do: "lay", card: 1, reader: "Encoder" });
  await at("certify", "waiting_for_card");
  await bench({ do: "jam", printer: "Card printer", jammed: true });
  await lay("chip", "Chip reader");
  await at("print", "stopped");
  await look("jam");
  await bench({ do: "jam", printer: "Card printer", jammed: false });
  await press("Enter");
  await at("hand_over");
  await look("hand over");
  await press("Space", "ArrowDown", "Enter");
  await seen("pin");
  await look("pin");
  await press("Enter");
  await seen("case-ended");
  await look("done");
  await press("Enter");
  await seen("search");

  await page.keyboard.type("molin");
  await page.waitForSelector('[data-testid="person-panel"][data-standing="active"]');
  await press("Enter");
  await seen("person-data");
  await look("person");
  await press("Control+e");
  await seen("field-unit");
  await page.locator('[data-testid="field-unit"]').fill("Harbour office");
  await press("Enter");
  await seen("undo");
  await page.locator("h1").first().click();
  await press("Control+z");
  await page.waitForFunction(() => document.querySelector('[data-testid="value-unit"]')?.textContent === "Customs");
  await press("F8");
  await seen("void-panel");
  await look("void");
  await press("Escape", "F9");
  await seen("entries");
  await look("history");
  for (const [key, name] of [
    ["2", "people"],
    ["3", "house"],
    ["4", "devices"],
    ["5", "encodings"],
    ["6", "settings"],
  ]) {
    await press(`Control+${key}`);
    await page.waitForTimeout(150);
    await look(name);
  }
  for (const [key, name] of [
    ["F1", "sheet-keys"],
    ["Control+j", "sheet-actions"],
    ["Control+b", "sheet-bench"],
  ]) {
    await press(key);
    await seen(name);
    await look(name);
    await press("Escape");
  }
  await press("Control+l");
  await seen("lock-password");
  await look("lock");
  await page.keyboard.type("wrong");
  await press("Enter");
  await seen("alert");
  await look("wrong password");
  await page.context().close();
}
await stage.close();
console.log(`${checks} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
