// A run at a glance: how many tests ended how, what was found, the verdicts by RFC and level with the roles side by side, and the target.
import { useMemo } from "preact/hooks";
import { type Bug, type Level, type Report, type Role, type Run, type Verdict, duration, grouped, levels, plural, verdicts } from "./data";
import { Badge, Bar, Name } from "./parts";
import { type Route, href, testHref } from "./route";

const words: Record<Verdict, string> = {
  fail: "a MUST is broken",
  deviation: "a SHOULD is not followed, or a MUST met by a near miss",
  error: "the fault is ours",
  inconclusive: "something hides the answer",
  waived: "known, and lifted by a waiver",
  observed: "the RFC leaves it open",
  pass: "as expected",
  skip: "does not apply",
};

export function Overview({ report, run, route }: { report: Report; run: Run; route: Route }) {
  const { data } = run;
  const to = (filters: Route["filters"]) => href({ view: "tests", run: run.number, filters });
  const alarms = [
    ...(data.interrupted ? ["The run was interrupted; what did not run is inconclusive."] : []),
    ...(data.trouble ? [`The target stopped answering: ${data.trouble}`] : []),
    ...Object.entries(data.dead_roles ?? {}).map(([role, why]) => `${role}: ${why}`),
    ...(data.deaths ?? []),
    ...(data.waivers ?? []).filter((one) => one.state === "stale").map((one) => `The waiver of ${one.case} is stale: all that it names passes.`),
    ...(data.waivers ?? []).filter((one) => one.state === "expired").map((one) => `The waiver of ${one.case} ended on ${one.until}.`),
  ];
  return (
    <div class="page">
      <section aria-label="Verdicts">
        <ul class="tiles">
          {verdicts.map(
            (verdict) =>
              (run.counts[verdict] > 0 || verdict === "fail" || verdict === "pass") && (
                <li key={verdict}>
                  <a href={to({ verdict })} class={`tile v-${verdict}`} title={words[verdict]}>
                    <b>{grouped(run.counts[verdict])}</b> {verdict}
                  </a>
                </li>
              ),
          )}
        </ul>
        <Bar counts={run.counts} />
        <p class="quiet">
          {plural(run.tests.length, "test")}, {plural(data.replies, "reply").replace(/replys$/, "replies")}, {duration(data.duration_ms)}
          {data.started && `, begun ${data.started.replace("T", " ").replace("Z", " UTC")}`}
          {(data.summary["by-letter"] ?? 0) > 0 && `; ${data.summary["by-letter"]} by letter: rules that nearly every deployed server breaks`}
          {(data.summary["left-out"] ?? 0) > 0 && `; ${plural(data.summary["left-out"] ?? 0, "test")} about another kind of server left out`}
        </p>
        {alarms.map((text) => (
          <p key={text} class="alarm">
            {text}
          </p>
        ))}
      </section>
      <Findings report={report} run={run} route={route} />
      <ByRfc report={report} run={run} />
      <Target run={run} />
    </div>
  );
}

const grave = (bug: Bug) => (bug.verdict === "waived" ? 3 : bug.by_letter ? 2 : bug.verdict === "fail" ? 0 : 1);

function wrong(bug: Bug): string {
  if (bug.rule.startsWith("rules/")) return bug.came;
  if (bug.choice) return `${bug.choice}: ${bug.came}`;
  return `${bug.step ? `${bug.step}: ` : ""}expected ${bug.expected}, but ${/^\d{3}/.test(bug.came) ? "came " : ""}${bug.came}`;
}

function Findings({ report, run }: { report: Report; run: Run; route: Route }) {
  const faults = run.data.findings.filter((bug) => bug.verdict !== "observed").sort((a, b) => grave(a) - grave(b));
  const open = run.data.findings.filter((bug) => bug.verdict === "observed");
  const list = (bugs: Bug[]) => (
    <ol class="bugs">
      {bugs.map((bug, i) => {
        const test = run.tests[bug.tests[0] ?? -1];
        const law = report.requirement(bug.requirements[0] ?? "");
        return (
          <li key={i}>
            <a href={test ? testHref(test, { run: run.number }) : "#"} class="bug">
              <Badge verdict={bug.verdict} byLetter={bug.by_letter} />
              <span class="what">
                <Name id={bug.rule} />
                <span class="octets">{wrong(bug)}</span>
                {law && (
                  <span class="quiet">
                    RFC {law.rfc} section {law.section}: {law.says}
                  </span>
                )}
              </span>
              <span class="where quiet">
                {plural(bug.tests.length, "test")} <span>{bug.roles.join(", ")}</span>
              </span>
            </a>
          </li>
        );
      })}
    </ol>
  );
  return (
    <section>
      <h2>Findings</h2>
      {faults.length === 0 ? <p>Nothing was found that an RFC forbids.</p> : list(faults)}
      {open.length > 0 && (
        <details>
          <summary>{plural(open.length, "choice")} where the RFCs leave it open</summary>
          {list(open)}
        </details>
      )}
    </section>
  );
}

type Cells = Map<string, Record<Verdict, number>>;

function ByRfc({ report, run }: { report: Report; run: Run }) {
  const { cells, rfcs, roles } = useMemo(() => {
    const all: Cells = new Map();
    const roleSet = new Set<Role>();
    const rfcSet = new Set<number>();
    for (const test of run.tests) {
      roleSet.add(test.role);
      for (const rfc of test.rfcs) {
        rfcSet.add(rfc);
        for (const level of ["", test.level]) {
          const key = `${rfc} ${level} ${test.role}`;
          let cell = all.get(key);
          if (!cell) all.set(key, (cell = Object.fromEntries(verdicts.map((one) => [one, 0])) as Record<Verdict, number>));
          ++cell[test.verdict];
        }
      }
    }
    return { cells: all, rfcs: [...rfcSet].sort((a, b) => a - b), roles: [...roleSet].sort() };
  }, [run]);
  const line = (rfc: number, level: Level | "", heading: preact.ComponentChildren) => {
    if (!roles.some((role) => cells.has(`${rfc} ${level} ${role}`))) return null;
    return (
      <tr key={`${rfc}${level}`} class={level ? "sub" : "top"}>
        <th scope="row">{heading}</th>
        {roles.map((role) => {
          const cell = cells.get(`${rfc} ${level} ${role}`);
          const filters = { rfc: String(rfc), role, ...(level ? { level } : {}) };
          return (
            <td key={role}>
              {cell && (
                <>
                  <Bar counts={cell} />
                  <span class="figures">
                    {verdicts.map(
                      (verdict) =>
                        cell[verdict] > 0 && (
                          <a key={verdict} class={`v-${verdict}`} href={href({ view: "tests", run: run.number, filters: { ...filters, verdict } })}>
                            {grouped(cell[verdict])} {verdict}
                          </a>
                        ),
                    )}
                  </span>
                </>
              )}
            </td>
          );
        })}
      </tr>
    );
  };
  return (
    <section>
      <h2>By RFC and level</h2>
      <p class="quiet">A test counts for each RFC of its requirements.</p>
      <div class="wide" role="region" aria-label="Verdicts by RFC and level" tabIndex={0}>
        <table class="by-rfc">
          <thead>
            <tr>
              <th scope="col">RFC</th>
              {roles.map((role) => (
                <th scope="col" key={role}>
                  {role}
                </th>
              ))}
            </tr>
          </thead>
          {rfcs.map((rfc) => (
            <tbody key={rfc}>
              {line(
                rfc,
                "",
                <>
                  <a href={href({ view: "requirements", run: run.number, path: [String(rfc)] })}>RFC {rfc}</a>{" "}
                  <span class="quiet">{report.rfcs.get(rfc)}</span>
                </>,
              )}
              {levels.map((level) => line(rfc, level, level))}
            </tbody>
          ))}
        </table>
      </div>
    </section>
  );
}

function Target({ run }: { run: Run }) {
  const { target, suite } = run.data;
  return (
    <section>
      <h2>What was tested</h2>
      <dl class="facts">
        {target.greeting && (
          <>
            <dt>greeting</dt>
            <dd class="octets">{target.greeting}</dd>
          </>
        )}
        {Object.entries(target.endpoints).map(([role, url]) => (
          <>
            <dt>{role}</dt>
            <dd>
              <span class="mono">{url}</span>
              {target.trust?.[role] && target.trust[role] !== "verified" && (
                <span class="quiet"> the certificate does not verify: {target.trust[role]}</span>
              )}
              {(target.ehlo[role]?.length ?? 0) > 0 && <div class="octets quiet">{target.ehlo[role]?.join(" · ")}</div>}
            </dd>
          </>
        ))}
        {Object.entries(target.facts).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd class="octets">{value}</dd>
          </>
        ))}
        <dt>suite</dt>
        <dd>
          smtpspec {suite.version}, cases <span class="mono">{suite.cases_sha256.slice(0, 16)}</span>
        </dd>
        {(run.data.waivers ?? []).map((waiver, i) => (
          <>
            <dt key={i}>waiver</dt>
            <dd>
              <span class="mono">{waiver.case}</span> {waiver.state}, {plural(waiver.tests, "test")}: {waiver.reason}
              {waiver.until && ` (until ${waiver.until})`}
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}
