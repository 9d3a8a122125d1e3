// The data that the program put into the page (harness/smtpspec/report/run_page.cpp): an index of everything, opened at once, and blocks
// with tests and cases, opened when they are looked at. All texts come from elsewhere, and are only ever put into text nodes and attributes.

export const verdicts = ["fail", "deviation", "error", "inconclusive", "waived", "observed", "pass", "skip"] as const;
export type Verdict = (typeof verdicts)[number];
export const levels = ["MUST", "SHOULD", "MAY"] as const;
export type Level = (typeof levels)[number];
export type Role = "relay" | "submission" | "submissions";

// What became of a requirement. It is failed only where a finding says so: a case that fails says nothing of the other rows that it covers.
export const states = ["failed", "deviation", "waived", "passed", "untested", "untestable"] as const;
export type State = (typeof states)[number];

export interface Requirement {
  index: number;
  id: string;
  rfc: number;
  section: string;
  level: Level;
  standing: string; // "covered", or why it is not
  says: string;
  reason: string;
  same: string;
}

export interface Finding {
  rule: string;
  requirements: string[];
  level: Level;
  verdict: Verdict;
  step?: string;
  expected: string;
  came: string;
  choice?: string;
  by_letter?: boolean;
}
// Equal findings of several tests.
export interface Bug extends Finding {
  rows: number;
  roles: Role[];
  tests: number[];
}

export interface Entry {
  t_ms: number;
  dir: "C" | "S" | "*";
  connection?: number;
  octets: string;
}
// A test as the run document has it.
export interface Detail {
  findings?: Finding[];
  transcript?: Entry[];
  marked?: number;
  log?: string[];
  flaky?: boolean;
  waiver?: { reason: string; verdict: Verdict };
  replies_checked?: number;
  seen_in?: number;
  example?: string;
  file?: string;
  line?: number;
}
export interface Source {
  why: string;
  file: string;
  source: string;
}

type Blocks = [block: number, count: number][];

interface RunData {
  suite: { version: string; cases_sha256: string; command: string };
  target: {
    name: string;
    version?: string;
    greeting?: string;
    roles: Role[];
    endpoints: Record<string, string>;
    facts: Record<string, string>;
    ehlo: Record<string, string[]>;
    trust?: Record<string, string>;
    log?: string;
  };
  summary: Record<string, number>;
  started?: string;
  duration_ms: number;
  replies: number;
  interrupted?: boolean;
  trouble?: string;
  dead_roles?: Record<string, string>;
  deaths?: string[];
  waivers?: { case: string; reason: string; state: string; tests: number; until?: string }[];
  tests: {
    case: number[];
    role: Role[];
    verdict: Verdict[];
    level: Level[];
    ms: number[];
    summary: string[];
    choice: string[];
    found: [test: number, requirement: number, verdict: Verdict][];
    by_letter: number[];
  };
  findings: Bug[];
  blocks: Blocks;
}

interface IndexData {
  requirements: [string, number, string, Level, string, string, string, string][];
  rfcs: Record<string, string>;
  cases: { id: string[]; title: string[]; requirements: number[][]; source: (number | null)[]; blocks: Blocks };
  runs: RunData[];
}

export interface Test {
  index: number;
  case: number;
  id: string;
  title: string;
  role: Role;
  verdict: Verdict;
  level: Level;
  ms: number;
  summary: string;
  choice: string;
  byLetter: boolean;
  requirements: number[];
  rfcs: Set<number>;
  text: string; // what a search looks through, in lower case
}

// Signs that turn the direction of what stands behind them: none of ours.
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

async function opened<T>(id: string): Promise<T> {
  let element = document.getElementById(id);
  if (!element && document.readyState === "loading") {
    await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
    element = document.getElementById(id);
  }
  if (!element) throw new Error(`the page has no ${id}: it was cut`);
  const packed = atob(element.textContent ?? "");
  const octets = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; ++i) octets[i] = packed.charCodeAt(i);
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const text = await new Response(stream).text();
  return JSON.parse(text.replace(turning, "\ufffd")) as T;
}

// One object of a list that lies in blocks. The last blocks stay open.
class Packed<T> {
  private open = new Map<number, Promise<T[]>>();
  constructor(private readonly blocks: Blocks) {}

  async at(index: number): Promise<T | undefined> {
    let first = 0;
    for (const [block, count] of this.blocks) {
      if (index < first + count) return (await this.block(block))[index - first];
      first += count;
    }
    return undefined;
  }
  private block(id: number): Promise<T[]> {
    const known = this.open.get(id);
    if (known) return known;
    const most = 8;
    if (this.open.size >= most) for (const oldest of [...this.open.keys()].slice(0, 1)) this.open.delete(oldest);
    const fresh = opened<T[]>(`block-${id}`);
    this.open.set(id, fresh);
    return fresh;
  }
}

export class Run {
  readonly tests: Test[];
  readonly name: string;
  readonly counts: Record<Verdict, number>;
  private byKey: Map<string, Test> | undefined;
  private states: State[] | undefined;
  private details: Packed<Detail>;

  constructor(
    readonly number: number,
    readonly data: RunData,
    private readonly all: Report,
    cases: IndexData["cases"],
  ) {
    const { target } = data;
    this.name = target.version ? `${target.name} ${target.version}` : target.name;
    this.details = new Packed(data.blocks);
    const columns = data.tests;
    const byLetter = new Set(columns.by_letter);
    this.counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
    this.tests = columns.case.map((number, index) => {
      const requirements = cases.requirements[number] ?? [];
      const id = cases.id[number] ?? "";
      const title = cases.title[number] ?? "";
      const summary = columns.summary[index] ?? "";
      const verdict = columns.verdict[index] ?? "error";
      ++this.counts[verdict];
      return {
        index,
        case: number,
        id,
        title,
        role: columns.role[index] ?? "relay",
        verdict,
        level: columns.level[index] ?? "MUST",
        ms: columns.ms[index] ?? 0,
        summary,
        choice: columns.choice[index] ?? "",
        byLetter: byLetter.has(index),
        requirements,
        rfcs: all.rfcsOf(number, requirements),
        text: `${id}\n${title}\n${summary}\n${requirements.map((one) => all.requirements[one]?.id).join(" ")}`.toLowerCase(),
      };
    });
  }

  test(role: string, id: string): Test | undefined {
    this.byKey ??= new Map(this.tests.map((test) => [`${test.role} ${test.id}`, test]));
    return this.byKey.get(`${role} ${id}`);
  }
  detail(test: Test): Promise<Detail | undefined> {
    return this.details.at(test.index);
  }

  // Of each requirement, by its index.
  stateOf(requirement: Requirement): State {
    this.states ??= this.judged();
    return this.states[requirement.index] ?? "untested";
  }
  private judged(): State[] {
    const of = this.all.requirements.map((one): State => (this.all.testable(one) ? "untested" : "untestable"));
    const better = (index: number, state: State) => {
      if (states.indexOf(state) < states.indexOf(of[index] ?? "untestable")) of[index] = state;
    };
    for (const test of this.tests)
      if (test.verdict === "pass" || test.verdict === "observed") for (const one of test.requirements) better(one, "passed");
    for (const [test, requirement, verdict] of this.data.tests.found) {
      const whole = this.tests[test]?.verdict;
      if (whole === "waived" && verdict !== "observed") better(requirement, "waived");
      else if (whole !== "fail" && whole !== "deviation") continue;
      else if (verdict === "fail") better(requirement, "failed");
      else if (verdict === "deviation") better(requirement, "deviation");
    }
    // What says the same as another row fares as it does.
    for (const one of this.all.requirements) {
      const same = one.same ? this.all.requirement(one.same) : undefined;
      if (same) of[one.index] = of[same.index] ?? "untested";
    }
    return of;
  }
}

export class Report {
  readonly requirements: Requirement[];
  readonly rfcs: Map<number, string>;
  readonly runs: Run[];
  private readonly byId: Map<string, Requirement>;
  private readonly rfcSets: Set<number>[] = [];
  private readonly sources: Packed<Source>;

  constructor(private readonly data: IndexData) {
    this.requirements = data.requirements.map(([id, rfc, section, level, standing, says, reason, same], index) => {
      return { index, id, rfc, section, level, standing, says, reason, same };
    });
    this.byId = new Map(this.requirements.map((one) => [one.id, one]));
    this.rfcs = new Map(Object.entries(data.rfcs).map(([rfc, title]) => [Number(rfc), title]));
    this.sources = new Packed(data.cases.blocks);
    this.runs = data.runs.map((run, number) => new Run(number, run, this, data.cases));
  }

  requirement(id: string): Requirement | undefined {
    return this.byId.get(id);
  }
  // Whether a case or rule could ever judge a server by it.
  testable(one: Requirement): boolean {
    return one.standing === "covered" || one.standing === "open";
  }
  // Those of the requirements of a case; all its tests share the set.
  rfcsOf(number: number, requirements: number[]): Set<number> {
    return (this.rfcSets[number] ??= new Set(requirements.map((one) => this.requirements[one]?.rfc ?? 0)));
  }
  async source(test: Test): Promise<Source | undefined> {
    const number = this.data.cases.source[test.case];
    return typeof number === "number" ? this.sources.at(number) : undefined;
  }
}

export const openReport = async () => new Report(await opened<IndexData>("index"));

// "submission 4.1.1.4" sorts numbers as numbers.
export const bySection = new Intl.Collator("en", { numeric: true }).compare;
export const sectionLink = (one: Requirement) =>
  `https://www.rfc-editor.org/rfc/rfc${one.rfc}#${/^\d/.test(one.section) ? "section" : "appendix"}-${encodeURIComponent(one.section)}`;

export const grouped = (n: number) => n.toLocaleString("en");
export const plural = (n: number, noun: string) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;
export const duration = (ms: number) =>
  ms < 1 ? "0 ms" : ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : ms < 120000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60000)} min`;
