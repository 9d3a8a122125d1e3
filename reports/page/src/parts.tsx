// Small pieces that several views share.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Requirement, type Verdict, grouped, sectionLink, verdicts } from "./data";

export const Badge = ({ verdict, byLetter }: { verdict: Verdict; byLetter?: boolean | undefined }) => (
  <span class={`badge v-${verdict}`}>
    {verdict}
    {byLetter && <small> by letter</small>}
  </span>
);

// "rfc5321/data/" is the quiet part of an id.
export function Name({ id }: { id: string }) {
  const bracket = id.indexOf("[");
  const whole = bracket < 0 ? id : id.slice(0, bracket);
  const slash = whole.lastIndexOf("/") + 1;
  return (
    <span class="name">
      <span class="quiet">{whole.slice(0, slash)}</span>
      <b>{whole.slice(slash)}</b>
      {bracket >= 0 && <span class="row">{id.slice(bracket)}</span>}
    </span>
  );
}

// Shares of a whole; what it shows stands beside it in words.
export function Bar({ counts }: { counts: Record<string, number> }) {
  return (
    <span class="bar" aria-hidden="true">
      {verdicts.map((verdict) => (counts[verdict] ? <i key={verdict} class={`b-${verdict}`} style={{ flexGrow: counts[verdict] }} /> : null))}
    </span>
  );
}

export const Law = ({ requirement }: { requirement: Requirement }) => (
  <div class="law">
    <p>{requirement.says}</p>
    <p class="quiet">
      <a href={sectionLink(requirement)} rel="noreferrer" target="_blank">
        RFC {requirement.rfc}, section {requirement.section}
      </a>{" "}
      · {requirement.level} · <span class="mono">{requirement.id}</span>
    </p>
  </div>
);

export const Count = ({ n, of }: { n: number; of?: number }) => (
  <span class="count">
    {grouped(n)}
    {of !== undefined && of !== n && <span class="quiet"> of {grouped(of)}</span>}
  </span>
);

// What is asked for later, and asked for anew when the key changes. A failure is shown, not swallowed.
export function useLater<T>(ask: () => Promise<T>, key: unknown): T | Error | undefined {
  const [got, set] = useState<{ key: unknown; value: T | Error }>();
  useEffect(() => {
    let wanted = true;
    const take = (value: T | Error) => wanted && set({ key, value });
    ask().then(take, (error: unknown) => take(error instanceof Error ? error : new Error(String(error))));
    return () => {
      wanted = false;
    };
  }, [key]);
  return got?.key === key ? got?.value : undefined;
}

// Printed, a list shows all it has.
export function usePrinting(): boolean {
  const [printing, set] = useState(false);
  useEffect(() => {
    const print = matchMedia("print");
    const change = () => set(print.matches);
    const before = () => set(true);
    const after = () => set(false);
    print.addEventListener("change", change);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      print.removeEventListener("change", change);
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  return printing;
}

interface ListProps {
  label: string;
  count: number;
  height: number; // of a row, in pixels
  at: number; // the row that has to be seen, or -1
  row: (index: number) => JSX.Element;
  empty: ComponentChildren;
}

// Rows are drawn where they are looked at. On paper there are the first of them.
export function List({ label, count, height, at, row, empty }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, room: 800 });
  const printing = usePrinting();
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, room: element.clientHeight });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || at < 0) return;
    const { scrollTop, clientHeight } = element;
    if (at * height < scrollTop) element.scrollTop = at * height;
    else if ((at + 1) * height > scrollTop + clientHeight) element.scrollTop = (at + 1) * height - clientHeight;
  }, [at, height, count]);

  const more = 6;
  const mostPrinted = 1000;
  const first = printing ? 0 : Math.max(0, Math.min(Math.floor(view.top / height), count - 1) - more);
  const last = printing ? Math.min(count, mostPrinted) : Math.min(count, Math.ceil((view.top + view.room) / height) + more);
  const rows = [];
  for (let i = first; i < last; ++i)
    rows.push(
      <div role="listitem" aria-setsize={count} aria-posinset={i + 1} class="list-row" key={i} style={{ height: `${height}px`, top: `${i * height}px` }}>
        {row(i)}
      </div>,
    );
  return (
    <div class="list" ref={box}>
      {count === 0 ? (
        <div class="empty">{empty}</div>
      ) : (
        <div class="list-all" role="list" aria-label={label} style={{ height: `${count * height}px` }}>
          {rows}
        </div>
      )}
      {printing && count > mostPrinted && <p>and {grouped(count - mostPrinted)} more</p>}
    </div>
  );
}
