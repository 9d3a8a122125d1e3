// Every requirement of the registry as a square, section by section; a section opens into the texts.
import { useEffect, useMemo } from "preact/hooks";
import { type Report, type Requirement, type Run, type State, bySection, grouped, plural, sectionLink, states } from "./data";
import { useKeys } from "./keys";
import { Badge, Name } from "./parts";
import { type Route, go, href, testHref } from "./route";

const means: Record<State, string> = {
  failed: "broken",
  deviation: "not quite met",
  waived: "broken, and waived",
  passed: "tested, and nothing was wrong",
  untested: "not tested in this run",
  untestable: "nothing to test: it binds others, or shows nowhere",
};

interface Section {
  rfc: number;
  section: string;
  all: Requirement[];
}

export function Requirements({ report, run, route }: { report: Report; run: Run; route: Route }) {
  const sections = useMemo(() => {
    const out = new Map<string, Section>();
    for (const one of report.requirements) {
      const key = `${one.rfc} ${one.section}`;
      const there = out.get(key);
      if (there) there.all.push(one);
      else out.set(key, { rfc: one.rfc, section: one.section, all: [one] });
    }
    return [...out.values()].sort((a, b) => a.rfc - b.rfc || bySection(a.section, b.section));
  }, [report]);
  const rfc = Number(route.path[0] ?? 0);
  const section = route.path[1];
  const open = section === undefined ? undefined : sections.find((one) => one.rfc === rfc && one.section === section);
  const back = href({ ...route, path: [], filters: {} });
  useKeys({
    Escape: () => open && go(back),
    j: () => step(1),
    k: () => step(-1),
  });
  useEffect(() => document.querySelector(".sections a[aria-current]")?.scrollIntoView({ block: "nearest" }), [open]);
  const step = (by: number) => {
    const next = sections[Math.max(0, Math.min(sections.length - 1, (open ? sections.indexOf(open) : -1) + by))];
    if (next) go(href({ ...route, path: [String(next.rfc), next.section] }), true);
  };
  const count = (all: Requirement[]) => {
    const out = Object.fromEntries(states.map((state) => [state, 0])) as Record<State, number>;
    for (const one of all) ++out[run.stateOf(one)];
    return out;
  };
  const whole = count(report.requirements);
  const idle = (one: number) => sections.every((each) => each.rfc !== one || each.all.every((row) => ["untested", "untestable"].includes(run.stateOf(row))));
  const all = [...new Set(sections.map((one) => one.rfc))].filter((one) => open || !rfc || one === rfc);
  const rfcs = [...all.filter((one) => !idle(one)), ...all.filter(idle)]; // those that were tested come first
  return (
    <div class={`split requirements${open ? " opened" : ""}`}>
      <section class="side scrolls" aria-label="Requirements by section" tabIndex={0}>
        <ul class="key">
          {states.map(
            (state) =>
              whole[state] > 0 && (
                <li key={state} title={means[state]}>
                  <i class={`cell s-${state}`} aria-hidden="true" /> <b>{grouped(whole[state])}</b> {state}
                </li>
              ),
          )}
        </ul>
        {rfc > 0 && !open && (
          <p>
            <a href={back}>all RFCs</a>
          </p>
        )}
        {rfcs.map((one) => {
          const here = sections.filter((each) => each.rfc === one);
          const n = count(here.flatMap((each) => each.all));
          const testable = here.flatMap((each) => each.all).length - n.untestable;
          return (
            <section key={one} class="rfc">
              <h2>
                RFC {one} <span class="quiet">{report.rfcs.get(one)}</span>
              </h2>
              <p class="quiet">
                {testable === n.untested ? (testable ? "none" : "nothing to test") : `${grouped(testable - n.untested)}`}
                {testable > 0 && ` of ${plural(testable, "testable requirement")} tested`}
                {n.failed > 0 && `; ${grouped(n.failed)} failed`}
                {n.deviation > 0 && `; ${grouped(n.deviation)} not quite met`}
              </p>
              <ul class="sections">
                {here.map((each) => (
                  <li key={each.section}>
                    <a
                      href={href({ ...route, path: [String(one), each.section] })}
                      aria-current={open === each ? "true" : undefined}
                      aria-label={`section ${each.section}: ${states
                        .map((state) => [count(each.all)[state], state] as const)
                        .filter(([k]) => k > 0)
                        .map(([k, state]) => `${k} ${state}`)
                        .join(", ")}`}
                    >
                      <span class="number">{each.section}</span>
                      <span class="cells">
                        {each.all.map((requirement) => (
                          <i
                            key={requirement.id}
                            class={`cell s-${run.stateOf(requirement)}`}
                            title={`${requirement.id}, ${run.stateOf(requirement)}: ${requirement.says}`}
                          />
                        ))}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          );
        })}
      </section>
      {open && (
        <div class="pane" role="region" aria-label="Section" tabIndex={0} key={`${open.rfc} ${open.section}`}>
          <article class="detail">
            <p class="crumbs">
              <a href={back} class="back">
                <span aria-hidden="true">← </span>all sections
              </a>
            </p>
            <h2>
              RFC {open.rfc}, section {open.section}
            </h2>
            <p>
              <a href={sectionLink(open.all[0]!)} rel="noreferrer" target="_blank">
                its text
              </a>
            </p>
            {open.all.map((one) => (
              <Row key={one.id} report={report} run={run} requirement={one} />
            ))}
          </article>
        </div>
      )}
    </div>
  );
}

const standings: Record<string, string> = {
  client: "it binds clients",
  operator: "it binds operators",
  document: "it binds readers and authors",
  open: "a case is missing",
};

function Row({ report, run, requirement }: { report: Report; run: Run; requirement: Requirement }) {
  const state = run.stateOf(requirement);
  const same = requirement.same ? report.requirement(requirement.same) : undefined;
  const index = (same ?? requirement).index;
  const tests = run.tests.filter((test) => test.requirements.includes(index));
  const shown = tests.filter((test) => test.verdict !== "pass" && test.verdict !== "skip").slice(0, 5);
  return (
    <section class="requirement">
      <h3>
        <i class={`cell s-${state}`} aria-hidden="true" /> {state} <span class="quiet mono">{requirement.id}</span>{" "}
        <span class="quiet">{requirement.level}</span>
      </h3>
      <p>{requirement.says}</p>
      {same && (
        <p class="quiet">
          The same as <span class="mono">{same.id}</span>.
        </p>
      )}
      {state === "untestable" && <p class="quiet">{requirement.reason || standings[requirement.standing] || requirement.standing}</p>}
      {tests.length > 0 && (
        <>
          <ul class="plain-list">
            {shown.map((test) => (
              <li key={test.index}>
                <a href={testHref(test, { run: run.number })} class="mini">
                  <Badge verdict={test.verdict} byLetter={test.byLetter} /> <Name id={test.id} /> <span class="quiet">{test.role}</span>
                </a>
              </li>
            ))}
          </ul>
          <p>
            <a href={href({ view: "tests", run: run.number, filters: { requirement: (same ?? requirement).id } })}>
              {tests.length === 1 ? "the test" : `all ${plural(tests.length, "test")}`}
            </a>
          </p>
        </>
      )}
    </section>
  );
}
