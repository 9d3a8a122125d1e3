// Where the reader is, in the address: #/tests/relay/rfc5321/data/lf-dot?q=data&verdict=fail. Links are plain links.
import { useEffect, useState } from "preact/hooks";

export const views = ["overview", "requirements", "tests", "compare"] as const;
export type View = (typeof views)[number];
export const filterNames = ["q", "verdict", "role", "rfc", "level", "requirement", "change", "all"] as const;
export type FilterName = (typeof filterNames)[number];
export type Filters = Partial<Record<FilterName, string>>;

export interface Route {
  view: View;
  path: string[]; // behind the view: role and id of a test, RFC and section
  run: number;
  filters: Filters;
}

export function parse(hash: string, first: View): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  const words = path.split("/").filter(Boolean).map(decoded);
  const given = new URLSearchParams(query);
  const filters: Filters = {};
  for (const name of filterNames) {
    const value = given.get(name);
    if (value) filters[name] = value;
  }
  const view = views.find((one) => one === words[0]) ?? first;
  return { view, path: words.slice(1), run: Math.max(0, Math.trunc(Number(given.get("run") ?? 1)) - 1 || 0), filters };
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word; // no address of ours
  }
}

export function href(route: Partial<Route> & { view: View }): string {
  const path = [route.view, ...(route.path ?? [])].map((word) => encodeURIComponent(word).replace(/%(5B|5D|2C|3A|40)/g, decodeURIComponent));
  const query = new URLSearchParams();
  for (const name of filterNames) {
    const value = route.filters?.[name];
    if (value) query.set(name, value);
  }
  if (route.run) query.set("run", String(route.run + 1));
  const text = query.toString().replace(/%2C/g, ",");
  return `#/${path.join("/")}${text ? `?${text}` : ""}`;
}

export const testHref = (test: { role: string; id: string }, rest: Partial<Route> = {}) =>
  href({ view: "tests", ...rest, path: [test.role, ...test.id.split("/")] });

const changed = "smtpspec-route";
// A step that the back button takes back, or one in place of the last.
export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  dispatchEvent(new Event(changed));
}

export function useRoute(first: View): Route {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const read = () => set(location.hash);
    const events = ["hashchange", "popstate", changed];
    for (const event of events) addEventListener(event, read);
    return () => events.forEach((event) => removeEventListener(event, read));
  }, []);
  return parse(hash, first);
}
