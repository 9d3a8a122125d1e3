// The keyboard. A key that a field, a button or a link takes for itself is theirs.
import { useEffect, useRef } from "preact/hooks";

export type Keys = Record<string, () => void>;

const taken = (event: KeyboardEvent) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  if (document.querySelector("dialog[open]")) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input, select, textarea")) return true;
  return event.key === "Enter" && target.matches("a, button, summary");
};

export function useKeys(keys: Keys): void {
  const last = useRef(keys);
  last.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const act = taken(event) ? undefined : last.current[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const help: [keys: string[], what: string][] = [
  [["/"], "search the tests"],
  [["j"], "next test"],
  [["k"], "test before"],
  [["enter"], "open it"],
  [["escape"], "close it; then drop the filters"],
  [["1", "…", "4"], "overview, requirements, tests, comparison"],
  [["?"], "these keys"],
];

export function Help({ open, close }: { open: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl>
        {help.map(([keys, what]) => (
          <div key={what}>
            <dt>{keys.map((key) => (key === "…" ? " … " : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button>close</button>
      </form>
    </dialog>
  );
}
