// Pictures of every screen, to be looked at: `npm run shots [-- LANGUAGE THEME WIDTHxHEIGHT]`, into station/shots/out.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { scenes } from "./scenes.mjs";
import { openStage } from "./stage.mjs";

const [language = "en", theme = "light", size = "1280x800", only = ""] = process.argv.slice(2);
const [width, height] = size.split("x").map(Number);
const out = fileURLToPath(new URL("./out/", import.meta.url));
await mkdir(out, { recursive: true });
const stage = await openStage();
for (const [name, { prepare, act }] of Object.entries(scenes)) {
  if (only && !name.includes(only)) continue;
  const page = await stage.page({ language, theme, width, height, prepare, pace: 40 });
  try {
    await act?.(page);
    await page.waitForTimeout(250);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll("button, label, h1, h2, dt, b, .label")]
        .filter(
          (one) =>
            !one.classList.contains("unseen") &&
            one.scrollWidth > one.clientWidth + 1 &&
            getComputedStyle(one).overflow !== "visible" &&
            one.clientWidth > 0,
        )
        .map((one) => one.textContent?.trim().slice(0, 60)),
    );
    const filled = await page.evaluate(() => document.querySelectorAll("[data-main]").length);
    if (cut.length > 0) console.log(name, "cut off:", cut);
    if (filled > 1) console.log(name, "filled buttons:", filled);
  } catch (error) {
    console.log(name, "failed:", error.message.split("\n")[0]);
  }
  await page.screenshot({ path: `${out}${name}-${language}-${theme}-${width}.png` });
  await page.context().close();
}
await stage.close();
