// TAP and Markdown as their readers take them: tap-parser, strictly, and marked with GitHub's tables. Usage: node test/formats.mjs SMTPSPEC RUN.json
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { marked } from "marked";
import { Parser } from "tap-parser";
import { faulty, hostile, wire } from "./faulty.mjs";

const [program, file] = process.argv.slice(2);
const document = JSON.parse(readFileSync(file, "utf8"));

function made(run, kind) {
  const folder = mkdtempSync(join(tmpdir(), "smtpspec-formats-"));
  try {
    writeFileSync(join(folder, "run.json"), JSON.stringify(run));
    return execFileSync(program, ["report", join(folder, "run.json"), "--report", `${kind}=-`], { maxBuffer: 1 << 28, encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function taken(text) {
  const parser = new Parser({ strict: true });
  const points = [];
  parser.on("assert", (point) => points.push(point));
  parser.end(text);
  return { points, results: parser.results };
}

const bad = faulty(document);
const waived = wire(bad)[1];
Object.assign(waived, { verdict: "waived", waiver: { reason: `known # SKIP\n${hostile}`, verdict: waived.verdict } });

for (const run of [document, bad]) {
  const { points, results } = taken(made(run, "tap"));
  const n = (...verdicts) => run.cases.filter((test) => verdicts.includes(test.verdict)).length;
  const broken = run.cases.filter((test) => test.verdict === "error" || (test.verdict === "fail" && !test.by_letter)).length;
  assert.deepEqual(results.failures.filter((one) => one.tapError), [], "strict TAP");
  assert.equal(points.length, run.cases.length);
  assert.equal(results.fail - results.todo, broken);
  assert.equal(results.todo, n("waived"));
  assert.equal(results.skip, n("skip", "inconclusive"));
  assert.equal(results.ok, broken === 0);
  for (const [i, point] of points.entries()) assert.equal(point.name, `${run.cases[i].role} ${run.cases[i].id}`);
}
const { points } = taken(made(bad, "tap"));
const first = bad.cases.indexOf(wire(bad)[0]);
assert.equal(points[first].diag.message, bad.cases[first].summary);

const html = marked.parse(made(bad, "markdown"), { gfm: true });
const tags = new Set([...html.matchAll(/<\/?([a-z0-9]+)/gi)].map((one) => one[1].toLowerCase()));
for (const tag of tags) assert.ok(["h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code"].includes(tag), `Markdown made a <${tag}>`);
const rows = [...html.matchAll(/<tr>[\s\S]*?<\/tr>/g)].map((one) => one[0].match(/<t[hd]/g).length);
assert.ok(rows.length > 5 && rows.every((cells) => cells === rows[0] || cells === 5), "every row has its cells");
assert.ok(html.includes("&lt;img src=x onerror=hacked=1&gt;"));

for (const line of made(bad, "github").trimEnd().split("\n")) assert.match(line, /^::(error|warning|notice) title=[^:,\r\n]*(,file=[^:,\r\n]*,line=\d+)?::[^\r\n]*$/);
console.log("TAP, Markdown and annotations are read as they were meant");
