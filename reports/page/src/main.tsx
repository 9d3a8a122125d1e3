import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Compare } from "./compare";
import { type Report, openReport } from "./data";
import { Help, useKeys } from "./keys";
import { Overview } from "./overview";
import { Requirements } from "./requirements";
import { type View, go, href, useRoute, views } from "./route";
import "./style.css";
import { Tests } from "./tests";

const titles: Record<View, string> = { overview: "Overview", requirements: "Requirements", tests: "Tests", compare: "Comparison" };

const themes = ["", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const stored = "smtpspec-theme";
// A browser may keep nothing for a file.
function kept(): Theme {
  try {
    return themes.find((one) => one === localStorage.getItem(stored)) ?? "";
  } catch {
    return "";
  }
}
function keep(theme: Theme): void {
  try {
    localStorage.setItem(stored, theme);
  } catch {
    // It is for this visit, then.
  }
}

function App({ report }: { report: Report }) {
  const several = report.runs.length > 1;
  const route = useRoute(several ? "compare" : "overview");
  const run = report.runs[Math.min(route.run, report.runs.length - 1)]!;
  const [help, setHelp] = useState(false);
  const [theme, setTheme] = useState<Theme>(kept);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    keep(theme);
  }, [theme]);
  const shown = useMemo(() => views.filter((view) => several || view !== "compare"), [several]);
  useKeys({
    "?": () => setHelp(true),
    ...Object.fromEntries(shown.map((view, i) => [String(i + 1), () => go(href({ view, run: run.number }))])),
    ...(route.view === "tests" || route.view === "compare" ? {} : { "/": () => search(run.number) }),
  });
  const test = route.view === "tests" && route.path.length > 1 ? ` · ${route.path.slice(1).join("/")}` : "";
  useEffect(() => {
    document.title = `${several && route.view === "compare" ? "Comparison" : run.name}${test} · smtpspec`;
  }, [run, route.view, test]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "";
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>
        to the content
      </a>
      <header class="top">
        <div class="who">
          <span class="brand">smtpspec</span>
          {several && route.view === "compare" ? (
            <h1>{report.runs.length} runs</h1>
          ) : several ? (
            <h1>
              <select
                aria-label="Run"
                value={run.number}
                onChange={(event) => go(href({ ...route, run: Number(event.currentTarget.value) }))}
              >
                {report.runs.map((one) => (
                  <option key={one.number} value={one.number}>
                    {one.name}
                  </option>
                ))}
              </select>
            </h1>
          ) : (
            <h1>{run.name}</h1>
          )}
        </div>
        <nav aria-label="Views">
          {shown.map((view) => (
            <a key={view} href={href({ view, run: run.number })} aria-current={route.view === view ? "page" : undefined}>
              {titles[view]}
            </a>
          ))}
        </nav>
        <div class="tools">
          <button type="button" class="plain" onClick={() => setTheme(next)} title={`colours: ${theme || "as the system has them"}`}>
            {theme || "auto"}
            <span class="hidden"> colours; change</span>
          </button>
          <button type="button" class="plain" onClick={() => setHelp(true)} title="keys">
            ?<span class="hidden"> keys</span>
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1} class={`view-${route.view}`}>
        {route.view === "overview" && <Overview report={report} run={run} route={route} />}
        {route.view === "requirements" && <Requirements report={report} run={run} route={route} />}
        {route.view === "tests" && <Tests report={report} run={run} route={route} key={run.number} />}
        {route.view === "compare" && <Compare report={report} route={route} />}
      </main>
      <Help open={help} close={() => setHelp(false)} />
    </>
  );
}

// To the tests, and into their search.
function search(run: number): void {
  go(href({ view: "tests", run }));
  setTimeout(() => document.querySelector<HTMLInputElement>("input[type=search]")?.focus());
}

const root = document.getElementById("app")!;
openReport().then(
  (report) => {
    root.textContent = "";
    render(report.runs.length > 0 ? <App report={report} /> : <p class="alarm">There is no run in this page.</p>, root);
    performance.mark("smtpspec-drawn");
  },
  (error: unknown) => {
    root.textContent = `The data of this page cannot be opened: ${String(error)}`;
  },
);
