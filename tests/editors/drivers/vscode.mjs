// Drives VS Code in a browser: node vscode.mjs SETTINGS, a JSON file that `drive-vscode` writes. Shows a
// mistake and its hover, applies the fix, completes an argument, formats, saves, and prints what it saw.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const puppeteer = createRequire(settings.modules)("puppeteer-core");
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const told = {};

const address = `127.0.0.1:${settings.port}`;
const options = ["--auth", "none", "--bind-addr", address, "--disable-telemetry", "--disable-update-check"];
const folders = ["--config", settings.config, "--user-data-dir", settings.user, "--extensions-dir", settings.extensions];
const server = spawn(process.execPath, [settings.codeServer, ...options, ...folders, settings.folder], {
  stdio: ["ignore", "pipe", "inherit"],
  env: { ...process.env, TMPDIR: settings.temporary },
});
const browser = await puppeteer.launch({
  executablePath: settings.browser,
  env: { ...process.env, ...settings.environment },
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  defaultViewport: { width: 1280, height: 800 },
});

/** Runs a command of VS Code by its name in the palette. */
async function command(page, name) {
  await page.keyboard.press("F1");
  await page.waitForSelector(".quick-input-widget input", { visible: true });
  await page.keyboard.type(name);
  await page.waitForFunction(
    (wanted) => document.querySelector(".quick-input-list .monaco-list-row.focused")?.textContent.includes(wanted),
    {},
    name,
  );
  await page.keyboard.press("Enter");
}

async function withControl(page, key) {
  await page.keyboard.down("Control");
  await page.keyboard.press(key);
  await page.keyboard.up("Control");
}

/** Puts the cursor at a line and column, both from 1. */
async function goTo(page, line, column) {
  await withControl(page, "g");
  await page.waitForSelector(".quick-input-widget input", { visible: true });
  await page.keyboard.type(`${line}:${column}`);
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    (wanted) => document.querySelector(".statusbar")?.textContent.includes(wanted),
    {},
    `Ln ${line}, Col ${column}`,
  );
}

try {
  await new Promise((resolve) =>
    server.stdout.on("data", (text) => String(text).includes("HTTP server listening") && resolve()),
  );
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const opened = [["openFile", `vscode-remote://${address}${settings.file}`]];
  const query = new URLSearchParams({ folder: settings.folder, payload: JSON.stringify(opened) });
  await page.goto(`http://${address}/?${query}`);

  await page.waitForSelector(".monaco-editor .squiggly-error");
  await page.waitForSelector(".statusbar");
  told.language = await page.$eval(".statusbar", (bar) => /envd/.test(bar.textContent));
  const squiggle = await page.$eval(".squiggly-error", (one) => one.getBoundingClientRect().toJSON());
  told.squiggle = squiggle.width > 0;

  await page.click(".monaco-editor .view-line");
  await goTo(page, 3, settings.column + 1);
  await command(page, "Show or Focus Hover");
  await page.waitForFunction(() => document.querySelector(".monaco-hover")?.textContent.includes("regoin"));
  told.message = await page.$eval(".monaco-hover", (one) => one.textContent);
  await page.screenshot({ path: settings.screenshots + "-mistake.png" });

  await page.keyboard.press("Escape");
  await goTo(page, 3, settings.hover + 1);
  await command(page, "Show or Focus Hover");
  await page.waitForFunction(() => document.querySelector(".monaco-hover")?.textContent.includes("Amazon S3"));
  await pause(500);
  await page.screenshot({ path: settings.screenshots + "-hover.png" });

  await page.keyboard.press("Escape");
  await goTo(page, 3, settings.column + 1);
  // The palette would take the focus back from the menu.
  await withControl(page, ".");
  await page.waitForFunction(() => document.querySelector(".action-widget")?.textContent.includes("write `region`"));
  await pause(300);
  await page.screenshot({ path: settings.screenshots + "-fix.png" });
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector(".monaco-editor .squiggly-error"));

  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.type(", mo", { delay: 60 });
  await page.waitForFunction(() => document.querySelector(".suggest-widget .monaco-list-row.focused")?.textContent.includes("mode"));
  await pause(500);
  await page.screenshot({ path: settings.screenshots + "-completion.png" });
  await page.keyboard.press("Tab");
  // The argument brings the list of its values.
  const values = ".suggest-widget.visible .monaco-list-row";
  await page.waitForFunction(
    (rows) => [...document.querySelectorAll(rows)].map((row) => row.textContent.slice(0, 5)).join() === '"min","max"',
    {},
    values,
  );
  await pause(500);
  await page.screenshot({ path: settings.screenshots + "-values.png" });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await command(page, "Format Document");
  await pause(2000);
  await withControl(page, "s");
  await pause(1000);
  await page.screenshot({ path: settings.screenshots + "-formatted.png" });

  // What the lens over the target says leads to the same as "envd-cache: Compile This Target".
  await page.click(".codelens-decoration a");
  await page.waitForFunction(() => document.body.textContent.includes("--cache-to"));
  await pause(500);
  await page.screenshot({ path: settings.screenshots + "-compiled.png" });
} catch (error) {
  told.error = String(error);
  const [page] = (await browser.pages()).slice(-1);
  await page?.screenshot({ path: settings.screenshots + "-error.png" });
} finally {
  await browser.close();
  server.kill();
}
console.log(JSON.stringify(told));
process.exit(told.error ? 1 : 0);
