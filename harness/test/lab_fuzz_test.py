"""A campaign against a lab server finds nothing but what harness/targets/known/NAME has: lab_fuzz_test.py SMTPSPEC NAME SECONDS KNOWN OUT"""
import pathlib
import shutil
import subprocess
import sys

program, name, seconds, known, out = sys.argv[1:]
found = pathlib.Path(out)
shutil.rmtree(found, ignore_errors=True)
command = [program, "fuzz", f"lab:{name}", "--for", f"{seconds}s", "--seed", "20", "--known", known, "--findings", str(found), "--quiet"]
status = subprocess.run(command, check=False).returncode
news = sorted({path.name for path in found.glob("*.yaml")} - {path.name for path in pathlib.Path(known).glob("*.yaml")})
for file in news:
    print((found / file).read_text())
sys.exit(status)
