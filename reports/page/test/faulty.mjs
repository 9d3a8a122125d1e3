// A run document with faults that are none, and with the words of somebody who wishes its readers ill.

export const hostile = `<script>hacked=1</script></script><img src=x onerror=hacked=1><!--"'&amp;\u2028\u2029\u0000\u202e${"${hacked=1}"}`;

// Tests with a dialogue of some length.
export const wire = (document) =>
  document.cases.filter((one) => one.verdict !== "skip" && (one.transcript?.length ?? 0) > 6 && !one.id.startsWith("rules/"));

// The run with faults in it, the first of them with the octets and words of somebody who wishes the reader ill.
export function faulty(document) {
  const run = structuredClone(document);
  run.target.name = `target ${hostile}`;
  run.target.greeting = hostile.replace(/[^ -~]/g, "?");
  wire(run).slice(0, 40).forEach((test, i) => {
    const marked = test.transcript.length - 3;
    const verdict = i % 3 ? "deviation" : "fail";
    test.verdict = verdict;
    test.marked = marked;
    test.summary = `RCPT: expected 250, but came 550 ${i ? "no" : hostile}`;
    test.findings = [
      {
        rule: test.id.replace(/\[.*/, ""),
        requirements: [test.requirements[0]],
        level: "MUST",
        verdict,
        step: "RCPT",
        expected: "250",
        came: `550 ${i ? "no" : hostile}`,
        entry: marked,
      },
    ];
    if (i) return;
    test.transcript[marked].octets = "550 <script>hacked=1</script></script>\\0\\xe2\\x80\\xa8\\r\\n";
    test.log = [hostile];
  });
  return run;
}
