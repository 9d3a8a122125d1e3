// All tests of a run, searched and filtered, and the one that is open beside them.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Report, type Run, type Test, type Verdict, duration, grouped, levels, verdicts } from "./data";
import { TestDetail } from "./detail";
import { choices, chosen, filtered } from "./filter";
import { useKeys } from "./keys";
import { Badge, Count, List, Name } from "./parts";
import { type Filters, type Route, go, href, testHref } from "./route";

const rowHeight = 54;

export function Tests({ report, run, route }: { report: Report; run: Run; route: Route }) {
  const { filters } = route;
  const { tests, byVerdict } = useMemo(() => filtered(report, run, filters), [run, JSON.stringify(filters)]);
  const search = useRef<HTMLInputElement>(null);
  const id = route.path.slice(1).join("/");
  const open = id ? run.test(route.path[0] ?? "", id) : undefined;
  const [mark, setMark] = useState(-1); // where j and k stand while nothing is open
  const at = open ? tests.indexOf(open) : Math.min(mark, tests.length - 1);

  const filter = (change: Filters) => go(href({ ...route, filters: { ...filters, ...change } }), true);
  const back = href({ ...route, path: [] });
  const step = (by: number) => {
    const next = Math.max(0, Math.min(tests.length - 1, at + by));
    const test = tests[next];
    if (!test) return;
    setMark(next);
    if (open) go(testHref(test, route), true);
  };
  useKeys({
    "/": () => search.current?.focus(),
    j: () => step(1),
    k: () => step(-1),
    Enter: () => {
      const test = tests[Math.max(0, at)];
      if (test && !open) go(testHref(test, route));
    },
    Escape: () => {
      if (open) go(back);
      else if (Object.keys(filters).length > 0) go(href({ ...route, filters: {}, path: [] }), true);
    },
  });
  // What was opened from elsewhere begins at its top; the focus stays where the reader has it.
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (pane.current) pane.current.scrollTop = 0;
    if (open) setMark(at);
  }, [open]);

  const row = (index: number) => {
    const test = tests[index];
    return test ? <Row test={test} route={route} here={index === at} /> : <></>;
  };
  return (
    <div class={`split${open || id ? " opened" : ""}`}>
      <section class="side" aria-label="Tests">
        <FilterBar report={report} run={run} filters={filters} byVerdict={byVerdict} filter={filter} search={search} leave={() => step(0)} />
        <p class="found" role="status">
          <Count n={tests.length} of={run.tests.length} /> {run.tests.length === 1 ? "test" : "tests"}
          {filters.requirement && (
            <>
              {" "}
              of <span class="mono">{filters.requirement}</span>
            </>
          )}
          {Object.keys(filters).length > 0 && (
            <>
              {" "}
              <a href={href({ ...route, filters: {}, path: [] })}>show all</a>
            </>
          )}
        </p>
        <List label="Tests" count={tests.length} height={rowHeight} at={at} row={row} empty="No test fits all of these." />
      </section>
      <div class="pane" ref={pane} role="region" aria-label="Test" tabIndex={0}>
        {open ? (
          <TestDetail report={report} run={run} test={open} route={route} back={back} />
        ) : id ? (
          <div class="empty">
            <p>
              This run has no test <span class="mono">{id}</span> of the role {route.path[0]}.
            </p>
            <a href={back}>all tests</a>
          </div>
        ) : (
          <div class="empty wide-only">
            <p>Choose a test to see what was said.</p>
            <p class="quiet">
              <kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> move, <kbd>enter</kbd> open, <kbd>?</kbd> all keys
            </p>
          </div>
        )}
      </div>
    </div>
  );
}

function Row({ test, route, here }: { test: Test; route: Route; here: boolean }) {
  return (
    <a class="test" href={testHref(test, route)} aria-current={here ? "true" : undefined}>
      <Badge verdict={test.verdict} byLetter={test.byLetter} />
      <span class="what">
        <Name id={test.id} />
        <span class="said-of">{test.verdict === "pass" || !test.summary ? test.title : test.summary}</span>
      </span>
      <span class="where quiet">
        {test.role} <span>{duration(test.ms)}</span>
      </span>
    </a>
  );
}

interface BarProps {
  report: Report;
  run: Run;
  filters: Filters;
  byVerdict: Record<Verdict, number>;
  filter: (change: Filters) => void;
  search: { current: HTMLInputElement | null };
  leave: () => void;
}

function FilterBar({ report, run, filters, byVerdict, filter, search, leave }: BarProps) {
  const wanted = chosen(filters.verdict);
  const there = useMemo(() => choices(run), [run]);
  const toggle = (verdict: Verdict) => {
    if (!wanted.delete(verdict)) wanted.add(verdict);
    filter({ verdict: [...wanted].join(",") });
  };
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        ref={search}
        type="search"
        aria-label="Search ids, titles, requirements and results"
        placeholder="Search ids, titles, requirements, results"
        value={filters.q ?? ""}
        onInput={(event) => filter({ q: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== "Escape" && event.key !== "Enter") return;
          event.preventDefault();
          event.stopPropagation();
          event.currentTarget.blur();
          if (event.key === "Enter") leave();
        }}
      />
      <fieldset class="chips">
        <legend class="hidden">Verdicts</legend>
        {verdicts.map(
          (verdict) =>
            (run.counts[verdict] > 0 || wanted.has(verdict)) && (
              <button key={verdict} type="button" class={`chip v-${verdict}`} aria-pressed={wanted.has(verdict)} onClick={() => toggle(verdict)}>
                {verdict} <b>{grouped(byVerdict[verdict])}</b>
              </button>
            ),
        )}
      </fieldset>
      <div class="selects">
        <Select label="Role" value={filters.role} of={there.roles.map((role) => [role, role])} set={(role) => filter({ role })} />
        <Select
          label="RFC"
          value={filters.rfc}
          of={there.rfcs.map((rfc) => [String(rfc), `${rfc} ${report.rfcs.get(rfc) ?? ""}`])}
          set={(rfc) => filter({ rfc })}
        />
        <Select
          label="Level"
          value={filters.level}
          of={levels.filter((level) => there.levels.includes(level)).map((level) => [level, level])}
          set={(level) => filter({ level })}
        />
      </div>
    </form>
  );
}

interface SelectProps {
  label: string;
  value: string | undefined;
  of: [value: string, text: string][];
  set: (value: string) => void;
}
export const Select = ({ label, value, of, set }: SelectProps) => (
  <select aria-label={label} value={value ?? ""} onChange={(event) => set(event.currentTarget.value)}>
    <option value="">{label}: all</option>
    {of.map(([one, text]) => (
      <option key={one} value={one}>
        {text}
      </option>
    ))}
  </select>
);
