// Clicks through the page of a run in headless Chromium, with axe. Usage: node test/run.mjs SMTPSPEC RUN.json [SCREENSHOTS]
//
// SMTPSPEC is the program, RUN.json a run document of it with all of its tests. What a clock says is printed; nothing rests on it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { faulty, wire } from "./faulty.mjs";

const [program, document, screenshots] = process.argv.slice(2);
if (!document) throw new Error("usage: run.mjs SMTPSPEC RUN.json [SCREENSHOTS]");
const folder = mkdtempSync(join(tmpdir(), "smtpspec-page-"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

function page(name, documents) {
  const files = documents.map((one, i) => {
    const file = join(folder, `${name}-${i}.json`);
    writeFileSync(file, JSON.stringify(one));
    return file;
  });
  const html = join(folder, `${name}.html`);
  execFileSync(program, ["report", ...files, "--report", `html=${html}`], { stdio: ["ignore", "inherit", "inherit"] });
  return { html, size: readFileSync(html).length };
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const troubles = [];

async function opened(file, hash = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, colorScheme: "light", ...options });
  const tab = await context.newPage();
  tab.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
  tab.on("pageerror", (error) => troubles.push(String(error)));
  tab.on("dialog", (dialog) => (troubles.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  tab.on("request", (request) => request.url().startsWith("file:") || troubles.push(`asks for ${request.url()}`));
  await tab.goto(pathToFileURL(file).href + hash);
  await tab.waitForSelector("header.top");
  return tab;
}

async function accessible(tab, where) {
  if (!(await tab.evaluate("typeof axe !== 'undefined'"))) await tab.evaluate(axe);
  const { violations } = await tab.evaluate("axe.run()");
  const told = violations.map((one) => `${one.id}: ${one.help}\n    ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join("\n    ")}`);
  assert.equal(told.join("\n"), "", `axe on ${where}`);
}

const shot = async (tab, name) => screenshots && tab.screenshot({ path: join(screenshots, `${name}.png`) });
const figure = async (tab, selector) => Number((await tab.textContent(selector)).replace(/,/g, "").match(/\d+/)[0]);
const settled = (tab) => tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
const found = async (tab) => (await settled(tab), figure(tab, ".found .count"));

const checks = {
  async "a run at a glance"() {
    const tab = await opened(one.html);
    const drawn = await tab.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      drawn: performance.getEntriesByName("smtpspec-drawn")[0]?.startTime,
    }));
    console.log(`  ${run.cases.length} tests: first paint ${drawn.paint?.toFixed(0)} ms, drawn ${drawn.drawn.toFixed(0)} ms`);
    assert.equal(await figure(tab, ".tile.v-fail"), run.cases.filter((test) => test.verdict === "fail").length);
    assert.ok((await tab.locator(".bug").count()) >= 2);
    await shot(tab, "overview");
    await accessible(tab, "the overview");
    await tab.click(".tile.v-fail");
    assert.equal(await found(tab), run.cases.filter((test) => test.verdict === "fail").length);
    assert.match(tab.url(), /#\/tests\?verdict=fail/);
    await tab.context().close();
  },

  async "search and filters stand in the address"() {
    const tab = await opened(one.html, "#/tests");
    assert.equal(await found(tab), run.cases.length);
    assert.ok((await tab.locator(".list-row").count()) < 60, "rows are drawn on demand");
    await tab.evaluate(() => (document.querySelector(".list").scrollTop = 1e9));
    await tab.waitForFunction((n) => document.querySelector(`.list-row[aria-posinset="${n}"]`), run.cases.length);
    const times = [];
    for (const word of ["r", "rc", "rcp", "rcpt", "rcpt m"]) {
      times.push(
        await tab.evaluate(async (text) => {
          const field = document.querySelector("input[type=search]");
          const begin = performance.now();
          field.value = text;
          field.dispatchEvent(new Event("input", { bubbles: true }));
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          return performance.now() - begin;
        }, word),
      );
    }
    console.log(`  filters: ${times.map((time) => `${time.toFixed(0)} ms`).join(", ")}`);
    await tab.fill("input[type=search]", "size limit");
    await tab.selectOption("select[aria-label=Role]", "relay");
    const expected = await found(tab);
    assert.ok(expected > 0 && expected < run.cases.length);
    for (const name of await tab.locator(".test .name").allTextContents()) assert.ok(name);
    await tab.reload();
    await tab.waitForSelector(".found");
    assert.equal(await found(tab), expected);
    assert.equal(await tab.inputValue("input[type=search]"), "size limit");
    await tab.fill("input[type=search]", "no such words");
    assert.equal(await found(tab), 0);
    await accessible(tab, "an empty list");
    await tab.click("text=show all");
    assert.equal(await found(tab), run.cases.length);
    await tab.context().close();
  },

  async "a deep link opens a test, and its dialogue is that of the run"() {
    const test = wire(run)[0];
    const tab = await opened(one.html, `#/tests/${test.role}/${test.id}`);
    await tab.waitForSelector(".dialogue li");
    assert.equal(await tab.textContent("#test-title"), test.title);
    assert.equal(await tab.locator(".dialogue li").count(), test.transcript.length);
    const marked = tab.locator(".dialogue li.marked .octets .line");
    assert.equal((await marked.allTextContents()).join(""), test.transcript[test.marked].octets);
    assert.match(await tab.textContent(".dialogue li.marked .expected"), /expected 250/);
    await shot(tab, "test");
    await accessible(tab, "a test");
    for (const details of await tab.locator("details > summary").all()) await details.click();
    await accessible(tab, "a test, all of it open");
    await tab.goto(`${pathToFileURL(one.html).href}#/tests/relay/rfc0/no/such`);
    await tab.waitForSelector("text=This run has no test");
    await tab.context().close();
  },

  async "what comes from elsewhere is text"() {
    const test = wire(run)[0];
    const tab = await opened(one.html, `#/tests/${test.role}/${test.id}`);
    await tab.waitForSelector(".dialogue li");
    for (const details of await tab.locator("details > summary").all()) await details.click();
    for (const view of ["overview", "requirements", "tests"]) {
      await tab.goto(`${pathToFileURL(one.html).href}#/${view}`);
      await tab.waitForSelector(`.view-${view}`);
      assert.equal(await tab.evaluate(() => document.querySelectorAll("img, iframe, #app script").length), 0);
    }
    assert.equal(await tab.evaluate("typeof hacked"), "undefined");
    assert.ok((await tab.textContent("h1")).includes("<script>hacked=1</script></script><img"));
    await tab.context().close();
  },

  async "the keyboard does all of it"() {
    const tab = await opened(one.html);
    const press = async (...keys) => {
      for (const key of keys) await tab.keyboard.press(key);
    };
    await press("/");
    await tab.waitForFunction(() => document.activeElement?.matches("input[type=search]"));
    await tab.keyboard.type("data j k ?");
    await tab.waitForFunction(() => location.hash.includes("q=data"));
    assert.equal(await tab.inputValue("input[type=search]"), "data j k ?");
    await tab.fill("input[type=search]", "data");
    await press("Escape", "j", "j", "j", "k");
    const current = tab.locator('.test[aria-current="true"]');
    await current.waitFor();
    assert.equal(await tab.locator(".list-row", { has: current }).getAttribute("aria-posinset"), "2");
    await press("Enter");
    await tab.waitForSelector("#test-title");
    const before = tab.url();
    await press("j");
    await tab.waitForFunction((url) => location.href !== url, before);
    assert.equal(await tab.locator(".list-row", { has: current }).getAttribute("aria-posinset"), "3");
    await press("Escape");
    await tab.waitForSelector("#test-title", { state: "detached" });
    assert.match(tab.url(), /q=data/);
    await press("Escape");
    await tab.waitForFunction(() => !location.hash.includes("q="));
    await press("?");
    await tab.waitForSelector("dialog[open]");
    await shot(tab, "keys");
    await accessible(tab, "the keys");
    await press("Escape");
    await tab.waitForSelector("dialog[open]", { state: "detached" });
    await press("2");
    await tab.waitForSelector(".view-requirements");
    await tab.context().close();
  },

  async "requirements, section by section"() {
    const tab = await opened(one.html, "#/requirements");
    const failed = new Set(run.cases.filter((test) => test.verdict === "fail").flatMap((test) => test.findings.map((finding) => finding.requirements[0])));
    assert.ok((await tab.locator(".cells .s-failed").count()) >= failed.size);
    await shot(tab, "requirements");
    await accessible(tab, "the requirements");
    await tab.locator(".sections a", { has: tab.locator(".s-failed") }).first().click();
    await tab.waitForSelector(".requirement");
    await shot(tab, "section");
    await accessible(tab, "a section");
    await tab.locator(".requirement a", { hasText: /test/ }).first().click();
    await tab.waitForSelector(".view-tests .found .mono");
    await tab.context().close();
  },

  async "dark, narrow, on paper"() {
    const test = wire(run)[0];
    const link = `#/tests/${test.role}/${test.id}`;
    const paper = (tab) => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await opened(one.html, "", { colorScheme: "dark" });
    const black = await paper(dark);
    for (const [name, hash] of Object.entries({ overview: "#/overview", requirements: "#/requirements", test: link })) {
      await dark.goto(pathToFileURL(one.html).href + hash);
      if (name === "test") await dark.waitForSelector(".dialogue li");
      await shot(dark, `${name}-dark`);
      await accessible(dark, `${name}, dark`);
    }
    await dark.click(".tools button >> nth=0");
    assert.notEqual(await paper(dark), black, "light as it was asked for");
    await dark.context().close();

    const narrow = await opened(one.html, "", { viewport: { width: 390, height: 844 } });
    for (const [name, hash] of Object.entries({ overview: "#/overview", requirements: "#/requirements", tests: "#/tests", test: link })) {
      await narrow.goto(pathToFileURL(one.html).href + hash);
      await narrow.waitForSelector(name === "test" ? ".dialogue li" : `.view-${name}`);
      assert.ok(await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is as wide as a narrow screen`);
      await shot(narrow, `${name}-narrow`);
      await accessible(narrow, `${name}, narrow`);
    }
    await narrow.click(".back");
    await narrow.waitForSelector(".list-row");
    await narrow.context().close();

    const print = await opened(one.html, "#/tests?q=data", { colorScheme: "dark" });
    const all = await found(print);
    await print.emulateMedia({ media: "print", colorScheme: "dark" });
    await print.waitForFunction((n) => document.querySelectorAll(".list-row").length === n, Math.min(all, 1000));
    assert.equal(await paper(print), "rgb(255, 255, 255)");
    await print.goto(pathToFileURL(one.html).href + link);
    await print.waitForSelector(".dialogue li");
    await shot(print, "test-print");
    await print.context().close();
  },

  async "several runs, where they differ first"() {
    const tab = await opened(several.html);
    await tab.waitForSelector(".matrix .list-row");
    assert.equal(await tab.locator(".targets tbody tr").count(), 2);
    const first = tab.locator(".matrix .list-row").first();
    assert.equal(await first.locator(".sign.v-fail").count(), 1);
    await shot(tab, "compare");
    await accessible(tab, "the comparison");
    await tab.evaluate(() => document.documentElement.setAttribute("data-theme", "dark"));
    await shot(tab, "compare-dark");
    await accessible(tab, "the comparison, dark");
    assert.equal(await found(tab), 40);
    await tab.uncheck("input[type=checkbox]");
    assert.ok((await found(tab)) > 5000);
    await first.locator(".sign").nth(1).click();
    await tab.waitForSelector("#test-title");
    assert.match(tab.url(), /run=2/);
    assert.ok((await tab.locator(".elsewhere .badge").count()) === 1);
    await tab.setViewportSize({ width: 390, height: 844 });
    await tab.goto(`${pathToFileURL(several.html).href}#/compare`);
    await shot(tab, "compare-narrow");
    await tab.context().close();
  },

  async "two runs of one target: what is new and what is fixed"() {
    const tab = await opened(twice.html, "#/compare");
    await tab.waitForSelector(".matrix .list-row");
    assert.equal(await tab.locator(".matrix .list-row .c-new").count(), await tab.locator(".matrix .list-row").count());
    await tab.selectOption("select[aria-label=Change]", "fixed");
    assert.equal(await found(tab), 0);
    await tab.selectOption("select[aria-label=Change]", "new");
    assert.equal(await found(tab), 40);
    await accessible(tab, "two runs of one target");
    await tab.context().close();
  },
};

let one, several, twice, run;
let bad = 0;
try {
  const good = JSON.parse(readFileSync(document, "utf8"));
  run = faulty(good);
  assert.ok(run.cases.length > 5000, "a run of all tests");
  one = page("one", [run]);
  several = page("several", [run, good]);
  twice = page("twice", [{ ...run, target: good.target, started: "2030-01-01T00:00:00Z" }, good]);
  const empty = { ...good, cases: [], findings: [] };
  console.log(`a page of ${run.cases.length} tests has ${(one.size / 1e6).toFixed(2)} MB, of none ${(page("none", [empty]).size / 1e3).toFixed(0)} kB`);
  for (const [name, check] of Object.entries(checks)) {
    console.log(name);
    troubles.length = 0;
    try {
      await check();
      assert.deepEqual(troubles, []);
    } catch (error) {
      ++bad;
      console.log(`  FAILED: ${error.message}`);
    }
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
process.exit(bad ? 1 : 0);
