// The bundle's icons: the seal of no station in particular, drawn large and made small. `node station/shots/icons.mjs`
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const out = fileURLToPath(new URL("../../../src-tauri/icons/", import.meta.url));
const vite = await createServer({
  configFile: false,
  server: { middlewareMode: true },
  appType: "custom",
  logLevel: "silent",
});
const { sealPaths } = await vite.ssrLoadModule(
  fileURLToPath(new URL("../../shared/components/seal.ts", import.meta.url)),
);
const fingerprint = "02404a70".repeat(8);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
for (const [name, size] of [
  ["32x32.png", 32],
  ["128x128.png", 128],
  ["128x128@2x.png", 256],
  ["icon.png", 512],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const small = size < 64;
  const paths = sealPaths(fingerprint, !small)
    .map((path) => `<path d="${path}" fill="none" stroke="#fff" stroke-width="${small ? 3 : 0.5}"/>`)
    .join("");
  await page.setContent(
    `<style>body{margin:0}svg{display:block}</style><svg width="${size}" height="${size}" viewBox="0 0 100 100"><rect width="100" height="100" rx="20" fill="#005a82"/><g transform="translate(6 6) scale(.88)">${paths}</g></svg>`,
  );
  await writeFile(`${out}${name}`, await page.screenshot({ omitBackground: true }));
}
await browser.close();
await vite.close();
