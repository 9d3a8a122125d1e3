"""Runs the suite on a lab server and compares what it finds with what targets/NAME.md explains.

Usage: lab_test.py SMTPSPEC NAME NAME.md WORK_DIR. The suite is that of the launcher beside the
page, which may say CASES. The page ends with a block of the findings, a verdict and a glob a line;
a finding that is not there fails the test, and so does a line that nothing fits any more. A question mark behind the
verdict says that the machine's pace decides: nothing has to fit such a line.
"""
import fnmatch
import json
import pathlib
import re
import subprocess
import sys

program, name, page, work = sys.argv[1:]
report = pathlib.Path(work) / f"{name}.json"
report.unlink(missing_ok=True)
launcher = pathlib.Path(page).with_name(f"{name}.sh")
described = subprocess.run(["bash", launcher, "--describe"], check=True, capture_output=True, text=True).stdout.rstrip("\n")
cases = described.split("\t")[3].split()
done = subprocess.run([program, "run", f"lab:{name}", "-q", "--report", f"json={report}", *cases], check=False)
if done.returncode not in (0, 1) or not report.exists():
    sys.exit(f"smtpspec run lab:{name} ended with status {done.returncode}")

block = re.search(r"```findings\n(.*?)```", pathlib.Path(page).read_text(), re.DOTALL)
known = [tuple(line.split()) for line in block.group(1).splitlines()] if block else []
used, bad = set(), []
tests = json.loads(report.read_text())["cases"]
for test in tests:
    if test["verdict"] not in ("fail", "deviation", "inconclusive", "error"):
        continue
    case = test["id"].split("[")[0]
    verdict = "by-letter" if test.get("by_letter") else test["verdict"]
    fits = [line for line in known if line[0].rstrip("?") == verdict and fnmatch.fnmatch(case, line[1])]
    used.update(fits)
    if not fits:
        bad.append(f"{verdict} {test['id']} ({test['role']}): {test['summary']}")
bad += [f"{page} explains '{' '.join(line)}', which did not occur" for line in known if line not in used and not line[0].endswith("?")]
if len(tests) < (100 if cases else 1000):
    bad.append(f"only {len(tests)} tests ran")
print("\n".join(bad) or f"{len(tests)} tests, and every finding is explained")
sys.exit(1 if bad else 0)
