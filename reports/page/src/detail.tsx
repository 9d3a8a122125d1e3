// One test: what the law says, what was expected and came, and the dialogue.
import { type Finding, type Report, type Run, type Test, duration, plural } from "./data";
import { Dialogue } from "./dialogue";
import { Badge, Law, Name, useLater } from "./parts";
import { type Route, testHref } from "./route";

function worst(findings: Finding[]): Finding | undefined {
  const grave = ["observed", "deviation", "fail"];
  return findings.reduce<Finding | undefined>((best, one) => (!best || grave.indexOf(one.verdict) > grave.indexOf(best.verdict) ? one : best), undefined);
}

const FindingRows = ({ finding }: { finding: Finding }) => (
  <dl class="finding">
    {finding.step && (
      <>
        <dt>at</dt>
        <dd>{finding.step}</dd>
      </>
    )}
    <dt>expected</dt>
    <dd class="octets">{finding.expected}</dd>
    <dt>came</dt>
    <dd class="octets came-text">
      {finding.choice && <b>{finding.choice}: </b>}
      {finding.came}
    </dd>
  </dl>
);

export function TestDetail({ report, run, test, route, back }: { report: Report; run: Run; test: Test; route: Route; back: string }) {
  const key = `${run.number} ${test.index}`;
  const detail = useLater(() => run.detail(test), key);
  const source = useLater(() => report.source(test), key);
  const findings = detail instanceof Error ? [] : (detail?.findings ?? []);
  const first = worst(findings);
  const open = test.verdict === "inconclusive" || test.verdict === "error"; // whatever was found beside it
  const broken = first?.verdict !== "observed" ? first?.requirements[0] : undefined;
  const cited = broken ? [report.requirement(broken)] : test.requirements.map((one) => report.requirements[one]);
  const others = broken ? test.requirements.filter((one) => report.requirements[one]?.id !== broken) : [];
  return (
    <article class="detail" aria-labelledby="test-title">
      <p class="crumbs">
        <a href={back} class="back">
          <span aria-hidden="true">← </span>all tests
        </a>
      </p>
      <header class={`head h-${test.verdict}`}>
        <p class="meta">
          <Badge verdict={test.verdict} byLetter={test.byLetter} /> <span>{test.role}</span> <span>{test.level}</span>{" "}
          <span>{duration(test.ms)}</span>
          {report.runs.length > 1 && <span>{run.name}</span>}
        </p>
        <h2 id="test-title">{test.title}</h2>
        <p class="id mono">
          <Name id={test.id} />
        </p>
      </header>

      {detail instanceof Error && <p class="alarm">The dialogue cannot be opened: {detail.message}</p>}
      {detail && !(detail instanceof Error) && (
        <>
          {detail.waiver && (
            <p>
              It would be a {detail.waiver.verdict}; a waiver lifts it: {detail.waiver.reason}
            </p>
          )}
          {detail.flaky && <p>Its verdict changed from one repetition to the next.</p>}
        </>
      )}
      {cited.length > 0 && <h3>{broken ? (first?.verdict === "fail" ? "What is broken" : "What is not followed") : "What it is about"}</h3>}
      {cited.map((one) => one && <Law key={one.id} requirement={one} />)}
      {(findings.length === 0 || open) && test.summary && <p class="octets summary">{test.summary}</p>}
      {findings.length > 0 && (
        <>
          {first && <FindingRows finding={first} />}
          {findings.length > 1 && (
            <details>
              <summary>{plural(findings.length - 1, "other finding")} of this test</summary>
              {findings
                .filter((one) => one !== first)
                .map((one, i) => (
                  <div key={i}>
                    <Badge verdict={one.verdict} /> <FindingRows finding={one} />
                  </div>
                ))}
            </details>
          )}
        </>
      )}
      {detail && !(detail instanceof Error) && (
        <>
          {detail.seen_in !== undefined && detail.seen_in > 0 && (
            <p>
              Seen in {plural(detail.seen_in, "test")}
              {detail.example && (
                <>
                  ; the dialogue is of{" "}
                  {run.test(test.role, detail.example) ? (
                    <a href={testHref({ role: test.role, id: detail.example }, { ...route, path: [] })} class="mono">
                      {detail.example}
                    </a>
                  ) : (
                    <span class="mono">{detail.example}</span>
                  )}
                </>
              )}
              .
            </p>
          )}
          {detail.transcript ? (
            <>
              <h3>What was said</h3>
              <Dialogue
                key={key}
                entries={detail.transcript}
                marked={detail.marked ?? -1}
                expected={first?.expected ?? ""}
                wrong={first?.came ?? ""}
              />
            </>
          ) : (
            test.verdict === "skip" && <p class="quiet">It was not played.</p>
          )}
          {detail.log && (
            <details>
              <summary>What the target logged meanwhile, {plural(detail.log.length, "line")}</summary>
              <pre tabIndex={0} aria-label="log">{detail.log.join("\n")}</pre>
            </details>
          )}
        </>
      )}
      {others.length > 0 && (
        <details>
          <summary>{plural(others.length, "other requirement")} of the case</summary>
          {others.map((one) => report.requirements[one] && <Law key={one} requirement={report.requirements[one]!} />)}
        </details>
      )}
      {source && !(source instanceof Error) && (
        <details>
          <summary>
            The case{detail && !(detail instanceof Error) && detail.line ? `; the expectation stands in line ${detail.line}` : ""}
          </summary>
          {source.why && <p>{source.why}</p>}
          <pre class="source" tabIndex={0} aria-label="source of the case">
            {source.source.split("\n").map((line, i) => (
              <span key={i} class={detail && !(detail instanceof Error) && findings.length > 0 && detail.line === i + 1 ? "here" : ""}>
                {line + "\n"}
              </span>
            ))}
          </pre>
        </details>
      )}
      {report.runs.length > 1 && <Elsewhere report={report} run={run} test={test} route={route} />}
    </article>
  );
}

function Elsewhere({ report, run, test, route }: { report: Report; run: Run; test: Test; route: Route }) {
  return (
    <>
      <h3>On the other targets</h3>
      <ul class="elsewhere">
        {report.runs
          .filter((one) => one !== run)
          .map((one) => {
            const there = one.test(test.role, test.id);
            return (
              <li key={one.number}>
                <span>{one.name}</span>{" "}
                {there ? (
                  <a href={testHref(test, { ...route, run: one.number })}>
                    <Badge verdict={there.verdict} byLetter={there.byLetter} />
                  </a>
                ) : (
                  <span class="quiet">not there</span>
                )}{" "}
                <span class="octets quiet">{there?.choice || there?.summary}</span>
              </li>
            );
          })}
      </ul>
    </>
  );
}
