// A transcript as a sequence diagram: time runs down, the client stands to the left, the server to the right. Silence takes room.
import { useState } from "preact/hooks";
import { type Entry, duration } from "./data";

// The lines of octets in their one spelling; each ends behind its \r\n. A backslash of the octets is \\, so that "\\r" is none of ours.
export function lines(spelt: string): string[] {
  const out: string[] = [];
  let begin = 0;
  for (let i = 0; i < spelt.length; ++i) {
    if (spelt[i] !== "\\") continue;
    if (spelt.startsWith("\\r\\n", i)) {
      out.push(spelt.slice(begin, i + 4));
      begin = i + 4;
      i += 3;
    } else ++i;
  }
  if (begin < spelt.length || out.length === 0) out.push(spelt.slice(begin));
  return out;
}

const escape = /(\\(?:x[0-9A-Fa-f]{2}|[rnt0\\]))/;
// Escapes are quiet, since most are line ends.
const Line = ({ text }: { text: string }) => (
  <>{text.split(escape).map((part, i) => (i % 2 ? <span key={i} class="esc">{part}</span> : part))}</>
);

const mostLines = 12;
const mostOctets = 600; // in a line
function Octets({ spelt, marked }: { spelt: string; marked: boolean }) {
  const [open, setOpen] = useState(false);
  const all = lines(spelt);
  const kept = marked ? mostLines : mostLines / 2;
  const cut = !open && all.length > 2 * kept + 2;
  const wide = !open && all.some((line) => line.length > mostOctets);
  const show = (line: string, i: number) => (
    <div key={i} class="line">
      <Line text={wide ? line.slice(0, mostOctets) : line} />
      {wide && line.length > mostOctets && <span class="quiet"> … {line.length - mostOctets} more characters</span>}
    </div>
  );
  return (
    <div class="octets">
      {(cut ? all.slice(0, kept) : all).map(show)}
      {cut && <div class="quiet">… {all.length - 2 * kept} lines …</div>}
      {cut && all.slice(-kept).map((line, i) => show(line, all.length - kept + i))}
      {(cut || wide) && (
        <button type="button" class="plain" onClick={() => setOpen(true)}>
          show all of it
        </button>
      )}
    </div>
  );
}

const who = { C: "client", S: "server", "*": "" } as const;
// Pixels for so many milliseconds of silence: those that a person would notice.
const room = (ms: number) => (ms < 50 ? 0 : Math.min(36, 8 * Math.log10(ms / 10)));

export function Dialogue({ entries, marked, expected, wrong }: { entries: Entry[]; marked: number; expected: string; wrong: string }) {
  const several = entries.some((entry) => entry.connection !== undefined);
  const mark = expected && (
    <div class="expected">
      expected <b>{expected}</b>
    </div>
  );
  const [whole, setWhole] = useState(false);
  const most = 400;
  const shown = whole || entries.length <= most ? entries : entries.slice(0, Math.max(most, marked + 20));
  return (
    <div class="dialogue">
      <div class="lane-heads" aria-hidden="true">
        <span>client</span>
        <span>server</span>
      </div>
      <ol>
        {shown.map((entry, i) => {
          const before = entries[i - 1]?.t_ms ?? 0;
          const wait = entry.t_ms - before;
          const here = i === marked;
          const side = entry.dir === "C" ? "sent" : entry.dir === "S" ? "came" : "note";
          return (
            <li key={i} class={`${side}${here ? " marked" : ""}`} style={{ paddingTop: `${room(wait)}px` }}>
              <span class="time">{duration(entry.t_ms)}</span>
              <div class="lane">
                <div class="said">
                  {who[entry.dir] && <span class="hidden">{who[entry.dir]}: </span>}
                  {several && <span class="connection" title="connection">{entry.connection ?? 1}</span>}
                  {entry.dir === "*" ? <span class="octets">{entry.octets}</span> : <Octets spelt={entry.octets} marked={here} />}
                </div>
                {here && mark}
              </div>
            </li>
          );
        })}
        {marked >= entries.length && (
          <li class="note marked">
            <span class="time" />
            <div class="lane">
              <div class="said">{wrong || "nothing came"}</div>
              {mark}
            </div>
          </li>
        )}
      </ol>
      {shown.length < entries.length && (
        <button type="button" class="plain" onClick={() => setWhole(true)}>
          show the other {entries.length - shown.length} steps
        </button>
      )}
    </div>
  );
}
