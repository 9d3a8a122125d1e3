// Several runs side by side: the targets with their counts, and a matrix of the tests, those first where the targets disagree most.
import { useMemo, useRef } from "preact/hooks";
import { type Report, type Role, type Test, type Verdict, grouped, plural, verdicts } from "./data";
import { useKeys } from "./keys";
import { Bar, Count, List, Name } from "./parts";
import { type Route, go, href, testHref } from "./route";
import { Select } from "./tests";

interface Line {
  id: string;
  role: Role;
  title: string;
  tests: (Test | undefined)[]; // a run each
  unlike: number; // how much they disagree: 0 not at all
  change: Change | ""; // of two runs of one target
  text: string;
}

const changes = ["new", "fixed", "changed"] as const;
type Change = (typeof changes)[number];

// What became of a test from the earlier of two runs of one target to the later.
function changeOf(before: Test | undefined, after: Test | undefined): Change | "" {
  const said = [voice(before), voice(after)];
  if (said[0] === said[1]) return "";
  const fault = said.map((one) => one === "fail" || one === "deviation");
  if (fault[1] && !fault[0]) return "new";
  if (fault[0] && !fault[1]) return said[1] ? "fixed" : "";
  return said[0] && said[1] ? "changed" : "";
}

// The numbers of the earlier and the later run, when there are two of one target.
function twoOfOne(report: Report): [before: number, after: number] | undefined {
  const [a, b] = report.runs;
  if (!a || !b || report.runs.length > 2 || a.data.target.name !== b.data.target.name) return undefined;
  return (b.data.started ?? "") < (a.data.started ?? "") ? [1, 0] : [0, 1];
}

// What a target has to say on a test: nothing where it was not judged.
const voice = (test: Test | undefined): string => {
  if (!test || test.verdict === "skip" || test.verdict === "inconclusive" || test.verdict === "error") return "";
  return test.verdict === "observed" ? `observed ${test.choice}` : test.verdict === "waived" ? "fail" : test.verdict;
};

// A fault that others do not have weighs more than another choice; few against many stand out least.
function disagreement(tests: (Test | undefined)[]): number {
  const counts = new Map<string, number>();
  for (const test of tests) {
    const said = voice(test);
    if (said) counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  if (counts.size < 2) return 0;
  const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const fault = counts.has("fail") ? 1000 : counts.has("deviation") ? 500 : 0;
  return fault + 10 * counts.size + (10 * (all - Math.max(...counts.values()))) / all;
}

function linesOf(report: Report): Line[] {
  const all = new Map<string, Line>();
  for (const run of report.runs)
    for (const test of run.tests) {
      const key = `${test.role} ${test.id}`;
      let line = all.get(key);
      if (!line) {
        const { id, role, title, text } = test;
        all.set(key, (line = { id, role, title, tests: report.runs.map(() => undefined), unlike: 0, change: "", text }));
      }
      line.tests[run.number] = test;
    }
  const out = [...all.values()];
  const two = twoOfOne(report);
  for (const line of out) {
    line.unlike = disagreement(line.tests);
    if (!two) continue;
    line.change = changeOf(line.tests[two[0]], line.tests[two[1]]);
    if (line.change) line.unlike = Math.max(line.unlike, 1);
  }
  return out.sort((a, b) => b.unlike - a.unlike || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.role < b.role ? -1 : 1));
}

const signs: Record<Verdict, string> = {
  fail: "F",
  deviation: "D",
  error: "E",
  inconclusive: "?",
  waived: "W",
  observed: "o",
  pass: "·",
  skip: "–",
};

const rowHeight = 34;

export function Compare({ report, route }: { report: Report; route: Route }) {
  const lines = useMemo(() => linesOf(report), [report]);
  const { filters } = route;
  const words = (filters.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const shown = useMemo(
    () =>
      lines.filter(
        (line) =>
          (filters.all || line.unlike > 0) && (!filters.role || line.role === filters.role) && (!filters.change || line.change === filters.change) && words.every((word) => line.text.includes(word)),
      ),
    [lines, JSON.stringify(filters)],
  );
  const unlike = useMemo(() => lines.filter((line) => line.unlike > 0).length, [lines]);
  const columnsOf = verdicts.filter((verdict) => report.runs.some((run) => run.counts[verdict] > 0));
  const roles = useMemo(() => [...new Set(lines.map((line) => line.role))].sort(), [lines]);
  const filter = (change: Route["filters"]) => go(href({ ...route, filters: { ...filters, ...change } }), true);
  const two = useMemo(() => twoOfOne(report), [report]);
  const search = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => search.current?.focus(), Escape: () => go(href({ view: "compare" }), true) });
  const roomy = report.runs.length <= 4;
  const columns = { gridTemplateColumns: `minmax(10rem, 36rem) repeat(${report.runs.length}, minmax(2.25rem, ${roomy ? "9rem" : "3rem"}))` };
  const row = (index: number) => {
    const line = shown[index];
    if (!line) return <></>;
    return (
      <div class="matrix-row" style={columns}>
        <span class="what" title={line.title}>
          <Name id={line.id} /> <span class="quiet">{line.role}</span> {line.change && <b class={`change c-${line.change}`}>{line.change}</b>}
        </span>
        {line.tests.map((test, number) =>
          test ? (
            <a
              key={number}
              class={`sign v-${test.verdict}`}
              href={testHref(line, { run: number })}
              title={`${report.runs[number]?.name}: ${test.verdict}${test.summary ? `, ${test.summary}` : ""}`}
              aria-label={`${report.runs[number]?.name}: ${test.verdict}${test.choice ? `, ${test.choice}` : ""}`}
            >
              {roomy ? test.choice || test.verdict : signs[test.verdict]}
            </a>
          ) : (
            <span key={number} class="sign" />
          ),
        )}
      </div>
    );
  };
  return (
    <div class="compare">
      <section class="wide" role="region" aria-label="Targets" tabIndex={0}>
        <table class="targets">
          <thead>
            <tr>
              <th scope="col">target</th>
              <th scope="col" class="wide-cell">
                <span class="hidden">shares</span>
              </th>
              {columnsOf.map((verdict) => (
                <th scope="col" key={verdict} class="figure">
                  {verdict}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.runs.map((run) => (
              <tr key={run.number}>
                <th scope="row">
                  <a href={href({ view: "overview", run: run.number })}>{run.name}</a>{" "}
                  {run.data.started && <span class="quiet day">{run.data.started.slice(0, 10)}</span>}
                </th>
                <td class="wide-cell">
                  <Bar counts={run.counts} />
                </td>
                {columnsOf.map((verdict) => (
                  <td key={verdict} class="figure">
                    {run.counts[verdict] > 0 && (
                      <a class={`v-${verdict}`} href={href({ view: "tests", run: run.number, filters: { verdict } })}>
                        {grouped(run.counts[verdict])}
                      </a>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section class="matrix" aria-label="Where they differ">
        <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
          <input
            ref={search}
            type="search"
            aria-label="Search the matrix"
            placeholder="Search ids, titles, requirements"
            value={filters.q ?? ""}
            onInput={(event) => filter({ q: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.stopPropagation();
              event.currentTarget.blur();
            }}
          />
          <div class="selects">
            <Select label="Role" value={filters.role} of={roles.map((role) => [role, role])} set={(role) => filter({ role })} />
            {two && (
              <Select
                label="Change"
                value={filters.change}
                of={changes.map((change) => [change, `${change} (${grouped(lines.filter((line) => line.change === change).length)})`])}
                set={(change) => filter({ change })}
              />
            )}
            <label>
              <input type="checkbox" checked={!filters.all} onChange={(event) => filter({ all: event.currentTarget.checked ? "" : "1" })} /> only where they
              differ
            </label>
          </div>
        </form>
        <p class="found" role="status">
          <Count n={shown.length} of={lines.length} /> tests; the targets differ in {plural(unlike, "test")}
        </p>
        <div class="matrix-row matrix-head" style={columns} aria-hidden="true">
          <span />
          {report.runs.map((run) => (
            <span key={run.number} class={roomy ? "" : "upright"}>
              {run.name}
            </span>
          ))}
        </div>
        <List label="Tests" count={shown.length} height={rowHeight} at={-1} row={row} empty="No test fits all of these." />
      </section>
    </div>
  );
}
