// Which tests the filters leave. What is chosen among is counted without its own filter, so that a count says what a click would give.
import { type Level, type Report, type Role, type Run, type Test, type Verdict, verdicts } from "./data";
import type { Filters } from "./route";

export interface Filtered {
  tests: Test[];
  byVerdict: Record<Verdict, number>;
}

export const chosen = (value: string | undefined) => new Set((value ?? "").split(",").filter(Boolean));

export function filtered(report: Report, run: Run, filters: Filters): Filtered {
  const words = (filters.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = chosen(filters.verdict);
  const rfc = filters.rfc ? Number(filters.rfc) : undefined;
  const requirement = filters.requirement ? report.requirement(filters.requirement)?.index : undefined;
  const tests: Test[] = [];
  const byVerdict = Object.fromEntries(verdicts.map((one) => [one, 0])) as Record<Verdict, number>;
  for (const test of run.tests) {
    if (filters.role && test.role !== filters.role) continue;
    if (filters.level && test.level !== filters.level) continue;
    if (rfc !== undefined && !test.rfcs.has(rfc)) continue;
    if (filters.requirement && (requirement === undefined || !test.requirements.includes(requirement))) continue;
    if (!words.every((word) => test.text.includes(word))) continue;
    ++byVerdict[test.verdict];
    if (wanted.size === 0 || wanted.has(test.verdict)) tests.push(test);
  }
  return { tests, byVerdict };
}

// What the tests of a run have, for the lists to choose from.
export function choices(run: Run): { roles: Role[]; levels: Level[]; rfcs: number[] } {
  const roles = new Set<Role>();
  const levels = new Set<Level>();
  const rfcs = new Set<number>();
  for (const test of run.tests) {
    roles.add(test.role);
    levels.add(test.level);
    for (const rfc of test.rfcs) rfcs.add(rfc);
  }
  return { roles: [...roles].sort(), levels: [...levels], rfcs: [...rfcs].sort((a, b) => a - b) };
}
