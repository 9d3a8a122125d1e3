"""The dependency rule of harness/README.md, read off the #include lines. Usage: dependency_rule.py SOURCE_DIR"""
import pathlib
import re
import sys

# What each module may include, itself aside; what is allowed is allowed for all that follows from it.
ALLOWED = {
    "smtp": set(),
    "crypto": {"smtp"},
    "script": {"smtp"},
    "session": {"smtp", "script"},
    "delivery": {"smtp", "script", "session"},
    "judge": {"smtp", "script", "session", "delivery"},
    "run": {"smtp", "script", "session", "delivery", "judge"},
    "serve": {"smtp"},
    "faults": {"smtp", "serve"},
    "observe": {"smtp", "script", "session", "delivery", "serve"},
    "selftest": {"smtp", "script", "session", "delivery", "judge", "run", "serve", "faults", "observe"},
    "net": {"smtp", "script", "session", "crypto"},
    "report": {"smtp", "script", "session", "delivery", "judge", "run"},
    "cli": {"smtp", "script", "session", "delivery", "judge", "run", "serve", "observe", "faults", "selftest", "net", "report", "crypto",
            "fuzz/scenario", "fuzz/campaign", "fuzz/coverage", "fuzz/minimise", "fuzz/report"},
    # The fuzzer stands beside the harness; targets/ are programs of their own.
    "fuzz/grammar": {"smtp", "script"},
    "fuzz/scenario": {"smtp", "script", "fuzz/grammar"},
    "fuzz/oracle": {"smtp", "script", "session", "delivery", "judge", "fuzz/grammar", "fuzz/scenario"},
    "fuzz/campaign": {"smtp", "script", "session", "delivery", "judge", "run", "serve", "observe", "selftest", "fuzz/grammar", "fuzz/scenario", "fuzz/oracle"},
    "fuzz/coverage": {"smtp"},
    "fuzz/minimise": {"smtp", "script"},
    "fuzz/report": {"smtp", "script", "session", "judge", "run", "report", "fuzz/grammar", "fuzz/scenario", "fuzz/oracle", "fuzz/campaign"},
    "fuzz/inprocess": {"smtp", "script", "session", "judge", "crypto", "run", "report", "fuzz/grammar", "fuzz/scenario", "fuzz/oracle",
                       "fuzz/campaign", "fuzz/report"},
    "fuzz/faults": {"smtp", "script", "session", "crypto", "run", "faults", "observe", "selftest", "fuzz/oracle", "fuzz/campaign"},
}
# Who may include whose headers from outside.
THIRD_PARTY = {
    r"tl/expected\.hpp": {"smtp"},
    r"yaml\.h": {"script"},
    r"openssl/": {"crypto", "net", "cli"},
    r"boost/asio": {"net"},
    r"boost/json": {"report", "fuzz/report"},
    r"boost/beast/zlib": {"report"},
    r"boost/version": {"cli"},
    r"fmt/": {"report", "fuzz/report"},
    r"CLI/": {"cli", "fuzz/faults"},
    r"(sys/socket|netinet/|arpa/inet|poll)\b": {"net"},
}

root = pathlib.Path(sys.argv[1])
bad, seen = [], 0
for path in sorted(root.glob("harness/**/*.[ch]pp")) + sorted(root.glob("fuzz/**/*.[ch]pp")):
    parts = path.relative_to(root).parts
    module = f"fuzz/{parts[1]}" if parts[0] == "fuzz" else parts[2] if parts[1] == "smtpspec" else parts[1]
    if module in ("test", "fuzz/targets") or path.name.endswith("_test.cpp"):
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'\s*#include\s+["<]([^">]+)[">]', line)
        if not include:
            continue
        seen += 1
        name = include.group(1)
        own = re.match(r"smtpspec/(\w+)/|(fuzz/\w+)/", name)
        theirs = own and (own.group(1) or own.group(2))
        if own and theirs != module and theirs not in ALLOWED[module]:
            bad.append(f"{path}:{number}: {module} may not include {theirs}")
        for pattern, users in THIRD_PARTY.items():
            if re.match(pattern, name) and module not in users:
                bad.append(f"{path}:{number}: {name} belongs to {', '.join(sorted(users))}")
if seen < 100:
    bad.append(f"only {seen} #include lines found below {root}: is this the source?")
print("\n".join(bad) or f"{seen} #include lines keep the rule")
sys.exit(1 if bad else 0)
