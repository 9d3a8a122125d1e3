"""The command line, as one types it. Usage: command_line_test.py SMTPSPEC [unittest arguments]"""
import base64
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import unittest

from command_line import CASE, PROGRAM, YES, Files, document, free_port, has_ipv6, run


class Again(Files):
    def again(self, *words, **variables):
        status, out, _ = run("run", *words, **variables)
        self.assertEqual(status, 1, out)
        lines = re.findall(r"^ +again: (.*)$", out, re.MULTILINE)
        self.assertTrue(lines, out)
        return lines[0]

    def test_the_line_does_it(self):
        line = self.again("smtp://127.0.0.1:25", CASE, "--start", f"{YES} {{port}}", "--rcpt", "it's@example.test", "--rcpt-unknown",
                          "x@example.test", "--timeout", "5s", "--user", "alice", "--password-env", "SECRET", SECRET="open sesame")
        self.assertIn("--user alice --password-env SECRET", line)
        self.assertIn(r"""--rcpt 'it'\''s@example.test'""", line)
        self.assertNotIn("sesame", line)
        shell = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "SECRET": "open sesame"}
        done = subprocess.run(["sh", "-c", line], env=shell, capture_output=True, text=True, check=False, timeout=100)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"again: {line}\n", done.stdout)

    def test_flags_of_the_program_stay_in_front(self):
        cases = os.path.relpath(PROGRAM.parent.parent / "cases") if (PROGRAM.parent.parent / "cases").exists() else None
        if not cases:
            self.skipTest("not built inside the source tree")
        line = self.again("--cases", cases, "smtp://127.0.0.1:25", CASE, "--start", f"{YES} {{port}}", "--slow")
        self.assertTrue(line.startswith(f"smtpspec --cases {cases} run smtp://127.0.0.1:25 {CASE} --role relay --start "), line)
        self.assertTrue(line.endswith(" --slow"), line)

    def test_a_password_has_one_source(self):
        empty = self.file("empty", "\n")
        for words, complaint in {
                ("--user", "a"): "--user needs the password in the environment variable SMTPSPEC_PASSWORD",
                ("--user", "a", "--password-env", "NONE"): "variable NONE",
                ("--password-env", "X"): "need --user",
                ("--user", "a", "--password-env", "X", "--password-file", "y"): "one of them",
                ("--user", "a", "--password-file", empty): f"{empty}: the password is empty",
                ("--user", "a", "--password-file", self.file("short", "abc\n")): "a password of fewer than 4 octets",
        }.items():
            status, _, err = run("run", "smtp://127.0.0.1:1", *words)
            self.assertEqual(status, 2)
            self.assertIn(complaint, err)


class Passwords(Files):
    """A server that says its client's password to everybody, and writes it to its log."""
    WORDS = "open sesame"

    def setUp(self):
        super().setUp()
        self.server = self.file("gossip.py", """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def talk(peer):
    peer.sendall(f"220 gossip.example.test {sys.argv[2]}\\r\\n".encode())
    for line in peer.makefile():
        print("heard", line.strip(), "of", sys.argv[2], flush=True)
        peer.sendall((f"250-gossip.example.test\\r\\n250-{sys.argv[2]}\\r\\n250 AUTH PLAIN {line.strip()}\\r\\n" if line.startswith("EHLO") else
                      f"250 {line.strip()} of {sys.argv[2].upper()}\\r\\n").encode())
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
""")

    def assert_kept(self, text):
        for said in (self.WORDS, self.WORDS.upper(), base64.b64encode(self.WORDS.encode()).decode(), "b3BlbiBzZXNhbW", "9wZW4gc2VzYW1l", "vcGVuIHNlc2Ft"):
            self.assertNotIn(said, text)

    def run_against_it(self, command, *words):
        status, out, err = run(command, "smtp://127.0.0.1", *words, "--start", f"{sys.executable} {self.server} {{port}} '{self.WORDS}'", "--user",
                               "alice", "--timeout", "2s", SMTPSPEC_PASSWORD=self.WORDS)
        self.assert_kept(out)
        self.assert_kept(err)
        return status, out, err

    def test_none_is_in_a_report(self):
        for words in (("-vv",), ("--json",), ("--report", "json=-"), ("--report", "junit=-")):
            status, out, err = self.run_against_it("run", CASE, "rfc4954/exchange/initial-response", *words)
            self.assertEqual(status, 1, err)
            self.assertIn("***", out)

    def test_none_is_in_the_log_that_is_shown(self):
        _, out, _ = self.run_against_it("run", CASE)
        self.assertRegex(out, r"the target logged meanwhile:\n(.*\n)* +heard .* of \*\*\*\n")

    def test_none_is_in_the_line_that_does_it_again(self):
        _, out, _ = self.run_against_it("run", CASE)
        self.assertRegex(out, r"again: .*--start '[^\n]*\*\*\*")

    def test_doctor_tells_none(self):
        _, out, err = self.run_against_it("doctor", "--profile", "-")
        self.assertIn("  greeting  gossip.example.test ***\n", err)
        self.assertIn("  EHLO      ***  AUTH PLAIN EHLO client.example.org\n", err)
        self.assertIn("account: {user: alice, password_env: SMTPSPEC_PASSWORD}\n", out)
        self.assertIn("***", out)

    def test_a_start_that_fails_tells_none(self):
        status, _, err = run("run", "smtp://127.0.0.1", CASE, "--start", f"exit 7 '{self.WORDS}' {{port}}", "--user", "alice", SMTPSPEC_PASSWORD=self.WORDS)
        self.assertEqual(status, 3)
        self.assertIn("exited with status", err)
        self.assert_kept(err)


class Start(Files):
    def profile(self, *roles):
        schemes = {"relay": "smtp", "submission": "submission", "submissions": "submissions"}
        return self.file("p.yaml", "endpoints:\n" + "".join(f"  {role}: {schemes[role]}://127.0.0.1\n" for role in roles))

    def test_every_role_has_a_port_of_its_own(self):
        _, found = document(self.profile("relay", "submission"), CASE, "--start", f"{YES} {{relay}} {{submission}}")
        ports = {role: int(url.rsplit(":", 1)[1]) for role, url in found["target"]["endpoints"].items()}
        self.assertEqual(set(ports), {"relay", "submission"})
        self.assertNotEqual(ports["relay"], ports["submission"])
        self.assertEqual(found["target"]["greeting"], "yes.example.test ready")
        self.assertEqual({test["role"] for test in found["cases"]}, {"relay", "submission"})

    def test_a_role_that_only_the_command_names(self):
        _, found = document("smtp://127.0.0.1", CASE, "--start", f"{YES} {{relay}} {{submission}}")
        self.assertEqual(set(found["target"]["endpoints"]), {"relay", "submission"})

    def test_a_command_with_fixed_ports(self):
        port = free_port()
        _, found = document(f"smtp://127.0.0.1:{port}", CASE, "--start", f"{YES} {port}")
        self.assertEqual(found["target"]["endpoints"], {"relay": f"smtp://127.0.0.1:{port}"})

    def test_no_endpoint_is_dropped_in_silence(self):
        status, _, err = run("run", self.profile("relay", "submission"), "--start", f"{YES} {{port}}")
        self.assertEqual(status, 2)
        self.assertIn("{port} for 2 roles; write {relay}, {submission} where the port of each goes", err)
        status, _, err = run("run", self.profile("relay", "submission"), "--start", f"{YES} {{relay}}")
        self.assertEqual(status, 2)
        self.assertIn("no port for submission://127.0.0.1", err)
        self.assertIn("write {submission} where it goes", err)


class Help(unittest.TestCase):
    def test_it_fits_a_terminal(self):
        _, out, _ = run("--help")
        commands = re.findall(r"^  ([a-z]+)  ", out[out.index("Commands:"):], re.MULTILINE)
        self.assertEqual(len(commands), 16)
        for words in [], *([command] for command in commands):
            status, out, err = run(*words, "--help")
            self.assertEqual((status, err), (0, ""))
            self.assertEqual([line for line in out.splitlines() if len(line) > 80 or line != line.rstrip()], [])
            self.assertNotIn("\n\n\n", out)
            for option in re.findall(r"^  (?:-., ?)?(--[a-z-]+)", out, re.MULTILINE):
                self.assertRegex(out, rf"{option}(?=[ ,\n]).*\n? +[A-Z]", f"{words} {option} is explained")


class Bench(Files):
    """The command runs the program beside this one, which few builds have."""

    def bench(self, *words):
        done = subprocess.run([self.program, "bench", *words], text=True, capture_output=True)
        return done.returncode, done.stdout, done.stderr

    def setUp(self):
        super().setUp()
        self.program = pathlib.Path(self.directory.name, "smtpspec")
        shutil.copy(PROGRAM, self.program)

    def test_all_words_reach_it(self):
        for place in ".", "bench":
            program = pathlib.Path(self.directory.name, place, "smtpspec-bench")
            program.parent.mkdir(exist_ok=True)
            program.write_text("#!/bin/sh\nprintf '<%s>' \"$@\"\nexit 1\n")
            program.chmod(0o755)
            words = ["--input", "reply/*", "--only", "a b", "--color", "--cases=x", "--report", "html=-", "--json"]
            self.assertEqual(self.bench(*words), (1, "".join(f"<{word}>" for word in words), ""))
            program.unlink()

    def test_it_is_not_there(self):
        status, out, err = self.bench("--list")
        self.assertEqual((status, out), (2, ""))
        self.assertIn("cmake -S . -B build -DSMTPSPEC_BENCH=ON", err)


class Facts(Files):
    def test_a_bad_fact_is_named_by_its_flag(self):
        mark = pathlib.Path(self.directory.name) / "started"
        for words, complaint in {
                ("--rcpt", "alice"): "--rcpt: 'alice' is no mailbox (no domain); it looks like alice@example.org",
                ("--rcpt-second", "<a@b.test>"): "--rcpt-second: '<a@b.test>' is no mailbox",
                ("--rcpt-unknown", "a b@c.test"): "--rcpt-unknown: 'a b@c.test' is no mailbox",
                ("--rcpt-relay", "a@b.test\r\nRSET"): "--rcpt-relay: 'a@b.test\\r\\nRSET' is no mailbox (control octet)",
                ("--rcpt-denied", "a@b\x1b[2J.test"): "--rcpt-denied: 'a@b\\x1b[2J.test' is no mailbox",
                ("--sender", "@c.test"): "--sender: '@c.test' is no mailbox",
                ("--client", "my host"): "--client: 'my host' is no domain",
                ("--user", "al\nice"): "--user: 'al\\nice' is no user's name",
                ("--mailbox", "/nonexistent"): "--mailbox: '/nonexistent' is no folder",
                ("--timeout", "soon"): "--timeout: ",
                ("--rcpt", ""): "--rcpt: expected a value, not ''",
                ("--start", ""): "--start: expected a value, not ''",
        }.items():
            for command in "run", "doctor":
                start = () if "--start" in words else ("--start", f"touch {mark}")
                status, out, err = run(command, "smtp://127.0.0.1", *words, *start)
                self.assertEqual((status, out if command == "run" else ""), (2, ""), words)
                self.assertEqual(err.count("smtpspec: "), 1, err)
                self.assertIn(f"smtpspec: {complaint}", err)
        self.assertFalse(mark.exists(), "nothing is started")
        status, _, err = run("run", "embedded", "--host", "localhost")
        self.assertEqual((status, err), (2, "smtpspec: --host: 'localhost' is no address to listen on; expected 127.0.0.1 or ::1, say\n"))


class Doctor(Files):
    def served(self, *words):
        server = subprocess.Popen([PROGRAM, "serve", *words], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        self.addCleanup(server.communicate)
        self.addCleanup(server.terminate)
        return server.stdout.readline().strip()

    def test_what_a_missing_fact_costs(self):
        url = self.served("--listen", "relay=0")
        status, out, err = run("doctor", url)
        self.assertEqual(status, 0, err)
        costs = dict(re.findall(r"missing: (.*)\n +(\d+ tests? of \d+ cases? waits? for it.*)\n", out))
        self.assertIn("a recipient that does not exist (--rcpt-unknown ADDRESS)", costs)
        self.assertRegex(costs["a recipient with a domain (--rcpt ADDRESS)"], r"; \d+ requirements? ha(s|ve) no other test$")
        # They are the tests that a run leaves out for it.
        _, found, _ = run("run", url, "-q")
        more = sum(int(n) for n in re.findall(r"^  (\d+) more tests? with", found, re.MULTILINE))
        self.assertEqual(more, sum(int(cost.split()[0]) for cost in costs.values()))
        _, out, _ = run("doctor", url, "--rcpt", "alice@example.test", "--rcpt-unknown", "nobody@example.test")
        self.assertNotIn("a recipient that does not exist", out)
        self.assertNotIn("<Postmaster>", out)

    def test_the_profile_is_one(self):
        url = self.served("--listen", "relay=0")
        status, out, _ = run("doctor", url, "--profile", "-", "--rcpt", "it's@example.test", "--start", "")
        self.assertEqual((status, out), (2, ""))
        status, out, _ = run("doctor", url, "--profile", "-", "--rcpt", "it's@example.test")
        self.assertEqual(status, 0)
        self.assertIn("recipient: 'it''s@example.test'\n", out)
        status, found = document(self.file("p.yaml", out), "rfc5321/order/out-of-order-when-greeted")
        self.assertEqual((status, found["target"]["name"]), (0, url))


class Selection(unittest.TestCase):
    def test_list_knows_rows(self):
        _, out, _ = run("list", "rfc5321/data/bare-lf-end-in-one-segment")
        self.assertRegex(out, r"^rfc5321/data/bare-lf-end-in-one-segment  MUST x\d+\n")
        status, out, _ = run("list", "rfc5321/data/bare-lf-end-in-one-segment[lf-dot-lf]")
        self.assertEqual((status, out.splitlines()[0]), (0, "rfc5321/data/bare-lf-end-in-one-segment[lf-dot-lf]  MUST"))
        status, out, _ = run("list", "rules")
        self.assertEqual(len(out.splitlines()) % 2, 0)
        self.assertTrue(all(line.startswith(("rules/", "    ")) for line in out.splitlines()))

    def test_show_names_what_is_near(self):
        for word, near in {"rfc5321/order/transacton": "rfc5321/order/transaction", "RFC5321-4.1.4": "RFC5321-4.1.4-1, ",
                           "rules/reply-texd": "rules/reply-text", "rcpt-before": CASE}.items():
            status, out, err = run("show", word)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(f"smtpspec: no test case, rule, requirement or fault '{word}'; near it: {near}", err)
        _, _, err = run("show", "nothing-like-it-at-all")
        self.assertEqual(err, "smtpspec: no test case, rule, requirement or fault 'nothing-like-it-at-all'\n")

    def test_faults_are_listed_and_shown(self):
        status, out, _ = run("list", "faults", "chunks/*")
        self.assertEqual(status, 0)
        self.assertTrue(all(line.startswith(("chunks/", "    ")) for line in out.splitlines()))
        status, out, _ = run("show", "chunks/one-read")
        self.assertEqual(status, 0)
        self.assertIn("breaks RFC3030-2-P8\n", out)
        self.assertIn("rfc3030/unfinished-beside is there to kill it\n", out)
        self.assertEqual(run("list", "faults", "chunks/none-such")[0], 4)

    def test_a_case_may_be_named_by_its_file(self):
        file = pathlib.Path(__file__).resolve().parents[2] / "cases" / f"{CASE}.yaml"
        for words in ("list", CASE), ("list", file):
            status, out, _ = run("--cases", file.parents[2], *words)
            self.assertEqual((status, out.splitlines()[0]), (0, f"{CASE}  MUST"))
        for words in ("lint", CASE), ("lint", file), ("fmt", "--check", CASE):
            self.assertEqual(run("--cases", file.parents[2], *words)[:2], (0, ""), words)
        self.assertEqual(run("lint", CASE + "x")[2], f"smtpspec: no file, folder or test case '{CASE}x'\n")

    def test_a_case_that_is_named_is_shown_whatever_came(self):
        _, out, _ = run("run", "embedded", CASE, "--role", "relay")
        self.assertRegex(out, rf"^pass {CASE}  relay MUST  \d+ ms\nembedded: ")
        _, out, _ = run("run", "embedded", "rfc5321/order", "--role", "relay")
        self.assertRegex(out, "^embedded: ")

    def test_selftest_of_a_case_tells_what_it_kills(self):
        status, out, _ = run("selftest", CASE)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, rf"^{CASE} kills \d+ faults\n")
        self.assertIn("    model/ready/RCPT/code-250  RCPT in state ready is answered 250\n", out)
        self.assertNotIn("survives", out)
        status, out, _ = run("selftest", CASE, "--fault", "chunks/one-read")
        self.assertEqual(status, 1, out)
        self.assertIn("survives  chunks/one-read", out)

    def test_a_pattern_without_a_fit_is_an_error(self):
        for words, hint in {
                ("list", "rfc5321/data/bare-lf-end-in-one-segment[lf-dot-l]"): "bare-lf-end-in-one-segment[lf-dot-lf]'?",
                ("list", "rfc5321/order", "rfc5321/ordr/transaction"): "rfc5321/order/transaction'?",
                ("run", "embedded", "rfc5321/order", "--skip", "rfc5321/order/transacton"): "rfc5321/order/transaction'?",
                ("run", "embedded", "--covers", "RFC5321-4.1.4-144"): "did you mean 'RFC5321-4.1.4-1",
                ("run", "embedded", "--tag", "securiti"): "did you mean 'security'?",
        }.items():
            status, out, err = run(*words)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(hint, err)


class Terminal(unittest.TestCase):
    TABLE = ("run", "smtp://127.0.0.1", "rfc5321/order/malformed-mail-before-ehlo", "--skip", "rules", "--start", f"{YES} {{port}}")

    def test_a_finding_is_shown_once(self):
        _, out, err = run(*self.TABLE)
        self.assertEqual(out.count("    again: "), 1, out + err)
        rows = re.search(r"^  fail rfc5321/order/malformed-mail-before-ehlo  (\d+) tests: (\d+) rows, relay\n.*\n +rows: (.*)$", out, re.MULTILINE)
        self.assertEqual(rows[1], rows[2])
        self.assertGreater(int(rows[1]), 1)
        _, out, _ = run(*self.TABLE, "-v")
        self.assertEqual(out.count("    again: "), int(rows[1]))

    def test_lines_fit(self):
        _, out, _ = run(*self.TABLE)
        self.assertEqual([line for line in out.splitlines() if len(line) > 100 and "again: " not in line], [])


class Waivers(Files):
    TARGET = ("smtp://127.0.0.1", CASE, "--start", f"{YES} {{port}}", "--skip", "rules")

    def test_a_known_finding_fails_nothing(self):
        file = self.file("w.yaml", f"- case: {CASE}\n  reason: it says yes\n")
        status, found = document(*self.TARGET, "--waivers", file)
        self.assertEqual((status, found["summary"]["waived"], found["summary"]["fail"]), (0, 1, 0))
        self.assertEqual(found["waivers"], [{"case": CASE, "reason": "it says yes", "state": "used", "tests": 1}])
        _, out, _ = run("run", *self.TARGET, "--waivers", file)
        self.assertIn(f"  waived {CASE}  1 test: relay\n", out)

    def test_an_expired_one_counts_again(self):
        file = self.file("w.yaml", f"- case: {CASE}\n  reason: it says yes\n  until: 2020-01-01\n")
        status, out, _ = run("run", *self.TARGET, "--waivers", file)
        self.assertEqual(status, 1)
        self.assertIn("ended on 2020-01-01", " ".join(out.split()))

    def test_a_bad_file(self):
        file = self.file("w.yaml", f"- case: {CASE}x\n  reason: it says yes\n")
        status, _, err = run("run", *self.TARGET, "--waivers", file)
        self.assertEqual(status, 2)
        self.assertIn(f"{file}:1:9: no test case or rule fits '{CASE}x' (did you mean '{CASE}'?)", err)

    def test_repeat(self):
        status, out, _ = run("run", *self.TARGET, "--repeat", "3")
        self.assertEqual(status, 1)
        self.assertRegex(out, r"again: .* --repeat 3\n")


class Trust(Files):
    def test_the_embedded_server_is_known(self):
        _, out, _ = run("doctor", "embedded")
        self.assertEqual(out.count("  trust     verified\n"), 2, out)

    def test_a_certificate_verifies_by_ca_and_name(self):
        with subprocess.Popen([PROGRAM, "serve", "--listen", "submissions=0"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as server:
            url = server.stdout.readline().strip()
            own = self.file("own.pem", ssl.get_server_certificate(("127.0.0.1", int(url.rsplit(":", 1)[1]))))
            trust = {}
            for name in "mx.example.test", "other.test":
                profile = self.file("p.yaml", f"endpoints: {{submissions: \"{url}\"}}\ntls: {{ca: {own}, name: {name}}}\n")
                _, found = document(profile, "rfc5321/order/noop-in-transaction")
                trust[name] = found["target"]["trust"]["submissions"]
            _, out, _ = run("run", profile, "rfc5321/order/noop-in-transaction")
            server.terminate()
        self.assertEqual(trust["mx.example.test"], "verified")
        self.assertRegex(trust["other.test"], "(?i)hostname mismatch")
        self.assertRegex(out, "(?i)submissions: the certificate does not verify: hostname mismatch")

    def test_a_certificate_of_somebody_else(self):
        with subprocess.Popen([PROGRAM, "serve", "--listen", "submissions=0", "--listen", "submission=0"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as server:
            url = server.stdout.readline().strip()
            with subprocess.Popen([PROGRAM, "serve", "--listen", "submissions=0"], stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL) as other:
                port = int(other.stdout.readline().strip().rsplit(":", 1)[1])
                ca = self.file("other.pem", ssl.get_server_certificate(("127.0.0.1", port)))
                other.terminate()
            profile = self.file("p.yaml", f"endpoints: {{submissions: \"{url}\"}}\ntls: {{ca: {ca}, name: mx.example.test}}\n")
            _, found = document(profile, "rfc5321/order/noop-in-transaction")
            server.terminate()
        self.assertNotIn(found["target"]["trust"]["submissions"], ("", "verified"))


class Status(Files):
    def test_one_dead_role_silences_no_other(self):
        for order in ["rfc5321/order"], ["rfc5321/order", "--role", "relay", "--role", "submission"]:
            profile = self.file("p.yaml", "endpoints: {submission: \"submission://127.0.0.1\", relay: \"smtp://127.0.0.1:1\"}\n")
            with subprocess.Popen([PROGRAM, "serve", "--listen", "submission=0"], stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL) as server:
                url = server.stdout.readline().strip()
                profile = self.file("p.yaml", f"endpoints: {{submission: \"{url}\", relay: \"smtp://127.0.0.1:1\"}}\n")
                status, out, err = run("run", profile, *order)
                server.terminate()
            self.assertEqual(status, 0, out + err)
            self.assertIn("  smtp://127.0.0.1:1 is left out: no connection: Connection refused\n", out)
            self.assertNotRegex(out, " 0 pass| inconclusive")

    def test_nothing_listens(self):
        profile = self.file("p.yaml", "endpoints: {submission: \"submission://127.0.0.1:2\", relay: \"smtp://127.0.0.1:1\"}\n")
        for target, roles in ("smtp://127.0.0.1:1", ["smtp://127.0.0.1:1"]), (profile, ["smtp://127.0.0.1:1", "submission://127.0.0.1:2"]):
            status, out, err = run("run", target)
            self.assertEqual((status, out), (3, ""))
            self.assertEqual(err, "".join(f"{url}: no connection: Connection refused\n" for url in roles) + "nothing was tested\n")
            status, found = document(target)
            self.assertEqual((status, found["cases"], found["summary"]["cases"]), (3, [], 0))
            self.assertEqual(found["trouble"], "no connection: Connection refused")

    def test_findings_count_although_the_target_died(self):
        server = self.file("mortal.py", """
import itertools, os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for number in itertools.count():
    if number == 30:
        listener.close()
        threading.Event().wait(60)
    def talk(peer):
        peer.sendall(b"220 mortal.example.test\\r\\n")
        for line in peer.makefile("rb"):
            peer.sendall(b"250 mortal.example.test\\n")
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
""")
        status, out, err = run("run", "smtp://127.0.0.1", "rfc5321/order", "-q", "-j", "2", "--timeout", "2s", "--start",
                               f"{sys.executable} {server} {{port}}")
        self.assertIn("the target stopped answering", out, err)
        self.assertRegex(out, "[1-9][0-9]* fail")
        self.assertEqual(status, 1)


class Report(Files):
    def setUp(self):
        super().setUp()
        self.document = self.file("run.json", "")
        run("run", "embedded", "rfc5321/order", "-q", "--report", f"json={self.document}")

    def test_every_report_of_a_run_can_be_made_later(self):
        for kind in "json", "junit", "sarif", "tap", "markdown", "github", "html":
            now, later = (str(pathlib.Path(self.directory.name) / name) for name in ("now", "later"))
            status, _, err = run("run", "embedded", "rfc5321/order", "-q", "--report", f"json={self.document}", "--report", f"{kind}={now}")
            self.assertEqual(status, 0, err)
            self.assertEqual(run("report", self.document, "--report", f"{kind}={later}"), (0, "", ""))
            self.assertEqual(pathlib.Path(now).read_text(), pathlib.Path(later).read_text(), kind)

    def test_without_a_report_the_summary_is_printed(self):
        status, out, _ = run("report", self.document)
        self.assertEqual(status, 0)
        self.assertRegex(out, "^embedded: [1-9][0-9]* tests, .*\n  [1-9][0-9]* pass")

    def test_a_page_takes_several_and_no_other_report_does(self):
        page = pathlib.Path(self.directory.name) / "page.html"
        self.assertEqual(run("report", self.document, self.document, "--report", f"html={page}"), (0, "", ""))
        self.assertIn('<script type="text/plain" id="index">', page.read_text())
        status, _, err = run("report", self.document, self.document, "--report", "junit=-")
        self.assertEqual(status, 2)
        self.assertIn("junit takes one run document, and 2 are given", err)

    def test_shards_are_put_together(self):
        shards = [self.file(f"{n}.json", "") for n in (1, 2, 3)]
        for n, shard in enumerate(shards, 1):
            run("run", "embedded", "rfc5321/order", "-q", "--shard", f"{n}/3", "--report", f"json={shard}")
        whole = self.file("whole.json", "")
        self.assertEqual(run("report", "--merge", *shards, "--report", f"json={whole}"), (0, "", ""))
        results = [{(test["id"], test["role"], test["verdict"]) for test in json.loads(pathlib.Path(file).read_text())["cases"]}
                   for file in (whole, self.document)]
        self.assertEqual(*results)
        for words, error in ((shards[:2], "not all of the 3 shards are given: 3 missing"), ([*shards[:2], shards[1]], "shard 2/3 is in "),
                             ([*shards[:2], self.document], "no shard: the run was of all tests")):
            status, _, err = run("report", "--merge", *words)
            self.assertEqual(status, 2)
            self.assertIn(error, err)

    def test_what_is_no_run_document_is_an_error_with_its_place(self):
        whole = pathlib.Path(self.document).read_text()
        for text, error in (("", "x.json:1:1: no JSON"), (whole[:5000], "x.json:1:5001: no JSON"),
                            (whole.replace(".run.v2", ".run.v1", 1), "x.json: a document of the schema 'smtpspec.run.v1'"),
                            (whole.replace('"dir":"C"', '"dir":7', 1), "dir: expected a string")):
            status, out, err = run("report", self.file("x.json", text), "--report", "html=-")
            self.assertEqual((status, out), (2, ""))
            self.assertIn(error, err)
        status, _, err = run("report", "/nonexistent/run.json")
        self.assertEqual(status, 2)
        self.assertIn("/nonexistent/run.json: cannot read: No such file or directory", err)


def limited():
    """No file of this process grows beyond 4 KiB: what a full disk does, without one."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class Output(Files):
    CASES = ("rfc5321/order", "-q")

    def test_what_does_not_arrive_is_an_error(self):
        for words in ("list",), ("--help",), ("run", "embedded", *self.CASES), ("run", "embedded", *self.CASES, "--json"), ("show", "model"), \
                ("run", "embedded", *self.CASES, "--report", "json=-"):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=100)
            self.assertEqual(done.returncode, 2, words)
            self.assertRegex(done.stderr, "smtpspec: standard output: cannot write: (No space left on device|some of it is lost)\n")

    def test_a_report_that_cannot_be_written_costs_itself_only(self):
        good = pathlib.Path(self.directory.name) / "ok.xml"
        status, _, err = run("run", "embedded", *self.CASES, "--report", "json=/dev/full", "--report", f"junit={good}")
        self.assertEqual(status, 2)
        self.assertIn("smtpspec: /dev/full: cannot write: No space left on device\n", err)
        self.assertIn("</testsuites>", good.read_text())
        self.assertEqual([path.name for path in good.parent.iterdir()], ["ok.xml"])

    def test_a_report_that_cannot_be_written_is_known_at_once(self):
        status, out, err = run("run", "embedded", *self.CASES, "--report", "json=/nonexistent/x")
        self.assertEqual((status, out), (2, ""))
        self.assertIn("smtpspec: /nonexistent/x: cannot write: no folder /nonexistent\n", err)
        status, _, err = run("run", "embedded", *self.CASES, "--report", f"junit={self.directory.name}")
        self.assertEqual(status, 2)
        self.assertIn("cannot write: Is a directory", err)

    def test_the_old_file_stays_when_there_is_no_room(self):
        steps = "".join(f" C: NOOP {n}\n S: 250\n" for n in range(300))
        case = self.file("a.yaml", "title:   x\ncovers: [RFC5321-4.1.4-14]\ndialogue: |\n" + steps)
        report = self.file("run.json", "old")
        for words, file in (("fmt", case), case), (("run", "embedded", *self.CASES, "--report", f"json={report}"), report):
            before = pathlib.Path(file).read_text()
            done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, timeout=100, preexec_fn=limited,
                                  restore_signals=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{file}: cannot write: File too large", done.stderr)
            self.assertEqual(pathlib.Path(file).read_text(), before)
        self.assertEqual(sorted(os.listdir(self.directory.name)), ["a.yaml", "run.json"])

    def test_a_file_keeps_its_rights_and_its_links(self):
        report = self.file("run.json", "old")
        os.chmod(report, 0o640)
        link = pathlib.Path(self.directory.name) / "link.json"
        link.symlink_to("run.json")
        status, _, err = run("run", "embedded", *self.CASES, "--report", f"json={link}")
        self.assertEqual(status, 0, err)
        self.assertTrue(link.is_symlink())
        self.assertEqual(os.stat(report).st_mode & 0o777, 0o640)
        self.assertEqual(json.loads(pathlib.Path(report).read_text())["schema"], "smtpspec.run.v2")

    def test_a_slow_reader_delays_no_session(self):
        report = pathlib.Path(self.directory.name) / "run.json"
        with subprocess.Popen([PROGRAM, "run", "embedded", "rfc5321/order", "-v", "-v", "--report", f"json={report}"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            # Nothing is read before the run is through.
            for _ in range(600):
                if report.exists():
                    break
                time.sleep(0.1)
            through = report.exists()
            out = process.stdout.read()
            status = process.wait(timeout=100)
        self.assertEqual((status, through), (0, True))
        self.assertGreater(len(out), 1 << 17, "more than a pipe holds")

    def test_names_are_printed_spelt(self):
        case = self.file("e\x1b[31m.yaml", "covers: [RFC5321-4.1.4-14]\ntitle: x\ndialogue: |\n  C: NOOP\n  S: 250\n")
        for words in ("fmt", "--check", case), ("lint", case), ("lint", self.directory.name):
            _, out, err = run(*words)
            self.assertNotIn("\x1b", out + err)
        _, out, _ = run("fmt", "--check", case)
        self.assertIn("e\\x1b[31m.yaml", out)

    def test_what_is_no_regular_file_is_no_case(self):
        pipe = pathlib.Path(self.directory.name) / "p.yaml"
        os.mkfifo(pipe)
        for words in ("lint", str(pipe)), ("fmt", "/dev/zero"):
            status, out, err = run(*words)
            self.assertIn("cannot read: it is no regular file", out + err)
            self.assertIn(status, (1, 2))


def living(mark):
    """Processes with this in their environment, as those have that were started by one that has it."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().decode(errors="replace").split("\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


class Life(Files):
    """How a program and what it started end. All of them have a mark by which they are found."""

    SERVER = f"{YES} {{port}}"

    def setUp(self):
        super().setUp()
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"

    def stays(self, seconds):
        end = time.monotonic() + seconds
        while (found := living(f"SMTPSPEC_TEST={self.mark}")) and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def await_file(self, name):
        path = pathlib.Path(self.directory.name) / name
        for _ in range(600):
            if path.exists():
                return path
            time.sleep(0.05)
        return self.fail(f"no file {name}")

    def begin(self, *words, out=subprocess.PIPE, **variables):
        return subprocess.Popen([PROGRAM, *words], stdout=out, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, **variables, "SMTPSPEC_TEST": self.mark})

    def end(self, process, number, within=3):
        """Ends it by a signal; its exit status, standard output, standard error."""
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - began, within)
        return process.returncode, out, err

    def script(self, name, text):
        return "sh " + self.file(name, f"touch {self.directory.name}/up\n{text}\n")

    # --- signals -------------------------------------------------------------------------------------------------------

    def test_while_a_target_starts(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            process = self.begin("run", "smtp://127.0.0.1:1", "--start", self.script("silent", "sleep 60 & wait"))
            self.await_file("up").unlink()
            status, out, err = self.end(process, number)
            self.assertEqual((status, out, err), (128 + number, "", ""))
            self.assertFalse(self.stays(0))

    def test_while_a_run_goes_on(self):
        report = pathlib.Path(self.directory.name) / "run.json"
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            process = self.begin("run", "smtp://127.0.0.1", "-j", "1", "-v", "--report", f"json={report}", "--start", self.SERVER)
            process.stdout.readline()
            status, _, err = self.end(process, number)
            self.assertEqual((status, err), (128 + number, ""))
            found = json.loads(report.read_text())
            self.assertTrue(found["interrupted"])
            self.assertGreater(found["summary"]["inconclusive"], 100)
            self.assertFalse(self.stays(0))

    def test_while_a_reader_is_slow(self):
        report = pathlib.Path(self.directory.name) / "run.json"
        process = self.begin("run", "embedded", "-v", "-v", "--report", f"json={report}")
        process.stdout.readline()
        time.sleep(3)  # longer than a pipe takes to be full
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 143)
        self.assertLess(time.monotonic() - began, 4)
        process.communicate()
        self.assertIn("summary", json.loads(report.read_text()))

    def test_while_a_report_is_written(self):
        pipe = pathlib.Path(self.directory.name) / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        process = self.begin("run", "embedded", "rfc5321/order", "-q", "--report", f"json={pipe}")
        self.assertIn("embedded: ", process.stdout.readline())
        time.sleep(0.5)
        status, _, err = self.end(process, signal.SIGINT)
        os.close(reader)
        self.assertEqual(status, 130)
        self.assertIn(f"{pipe}: cannot write: ", err)

    def test_while_a_launcher_works(self):
        lab = pathlib.Path(self.directory.name)
        self.file("hangs.sh", f"setsid sh -c \"trap '' TERM; touch {lab}/up; while :; do sleep 1; done\" & sleep 60\n")
        process = self.begin("run", "lab:hangs", SMTPSPEC_TARGETS=str(lab))
        self.await_file("up")
        self.assertEqual(self.end(process, signal.SIGINT), (130, "", ""))
        self.assertFalse(self.stays(0))

    def test_sent_twice_at_once_as_timeout_does(self):
        report = pathlib.Path(self.directory.name) / "run.json"
        process = self.begin("run", "smtp://127.0.0.1", "-j", "1", "-v", "--report", f"json={report}", "--start", self.SERVER)
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
        self.assertEqual(self.end(process, signal.SIGTERM)[0], 143)
        self.assertTrue(json.loads(report.read_text())["interrupted"])

    # --- targets that do not want to end ---------------------------------------------------------------------------------

    STUBBORN = {
        "ignores SIGTERM": "trap '' TERM; while :; do sleep 1; done",
        "forks away": "setsid sh -c '(setsid sh -c \"trap : TERM; while :; do sleep 1; done\" &)'; exec sleep 60",
        "closes its streams": "exec >&- 2>&- <&-; while :; do sleep 1; done",
        "has children": "sh -c 'while :; do sleep 1; done' & while :; do sleep 1; done",
    }

    def test_the_first_signal(self):
        for name, text in self.STUBBORN.items():
            with self.subTest(name):
                process = self.begin("run", "smtp://127.0.0.1:1", "--start", self.script("s", text))
                self.await_file("up").unlink()
                self.assertEqual(self.end(process, signal.SIGTERM), (143, "", ""))
                self.assertFalse(self.stays(0))

    def test_the_second_and_the_last(self):
        for numbers in (signal.SIGINT, signal.SIGINT), (signal.SIGKILL,):
            for name, text in self.STUBBORN.items():
                with self.subTest(name, numbers=numbers):
                    process = self.begin("run", "smtp://127.0.0.1:1", "--start", self.script("s", text))
                    self.await_file("up").unlink()
                    for number in numbers:
                        process.send_signal(number)
                        time.sleep(0.3)
                    process.communicate(timeout=60)
                    self.assertIn(process.returncode, (130, -signal.SIGKILL))
                    self.assertFalse(self.stays(2))

    # --- readers that leave ------------------------------------------------------------------------------------------------

    def test_a_reader_that_has_seen_enough(self):
        process = self.begin("run", "smtp://127.0.0.1", "-j", "1", "-v", "--start", self.SERVER)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 2)
        self.assertEqual(process.stderr.read(), "")
        process.stderr.close()

    def test_a_reader_of_a_run_that_says_nothing(self):
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            process = self.begin("run", f"smtp://127.0.0.1:{port}", "--start", "sleep 60")
            process.stdout.close()
            began = time.monotonic()
            self.assertEqual(process.wait(timeout=60), 2)
            self.assertLess(time.monotonic() - began, 10, "the greeting is waited for much longer")
            process.stderr.close()

    # --- names -----------------------------------------------------------------------------------------------------------

    def test_a_name_server_that_never_answers(self):
        configuration = self.file("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30\n")
        space = ["unshare", "--user", "--map-root-user", "--mount", "--net", "sh", "-c"]
        inside = f"mount --bind {configuration} /etc/resolv.conf && ip link set lo up"
        if subprocess.run([*space, inside], capture_output=True, check=False).returncode != 0:
            self.skipTest("no namespaces here")
        silent = self.file("silent.py", "import socket, subprocess, sys, time\n"
                           "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('127.0.0.1', 53))\n"
                           "began = time.monotonic()\np = subprocess.Popen(sys.argv[2:])\n"
                           "if sys.argv[1] == 'end':\n    time.sleep(1)\n    p.terminate()\n"
                           "p.wait()\nprint(p.returncode, time.monotonic() - began)\n")
        for how, status in ("wait", 3), ("end", 143):
            done = subprocess.run([*space, f"{inside} && exec {sys.executable} {silent} {how} {PROGRAM} run smtp://mx.example.com --timeout 2s"],
                                  capture_output=True, text=True, check=False, timeout=100)
            came, took = done.stdout.split()
            self.assertEqual(int(came), status)
            self.assertLess(float(took), 15)
            self.assertEqual(done.stderr, "" if how == "end" else "smtpspec: cannot resolve 'mx.example.com': timed out\n")

    def test_an_address_elsewhere_is_told_by_the_address(self):
        for host, complaint in {"192.0.2.1": "is not on this machine; give", "127.0.0.1.example.invalid": "cannot resolve"}.items():
            status, out, err = run("run", f"smtp://{host}", "--timeout", "5s", "--start", f"touch {self.directory.name}/started")
            self.assertIn(complaint, err)
            self.assertEqual((status, out), (3 if "resolve" in complaint else 2, ""))
        self.assertFalse((pathlib.Path(self.directory.name) / "started").exists(), "what is not tested is not started")

    # --- the target's log ----------------------------------------------------------------------------------------------------

    def log_of(self, out):
        log = pathlib.Path(re.search(r"the target's log: (\S+)", out)[1])
        self.addCleanup(lambda: (log.unlink(), log.parent.rmdir()))
        return log

    def test_it_is_kept_when_there_is_something_to_look_up(self):
        status, out, _ = run("run", "smtp://127.0.0.1", CASE, "--start", f"echo a line; {self.SERVER}")
        self.assertEqual(status, 1)
        self.assertTrue(self.log_of(out).read_text().startswith("a line\n"))
        before = set(pathlib.Path("/tmp").glob("smtpspec-target-*"))
        status, out, _ = run("run", "smtp://127.0.0.1", "rfc5321/order/noop-in-transaction", "--skip", "rules", "--start",
                             f"echo a line; {self.SERVER}")
        self.assertEqual(status, 0, out)
        self.assertNotIn("log", out)
        self.assertFalse(set(pathlib.Path("/tmp").glob("smtpspec-target-*")) - before)

    def test_a_target_that_never_comes_up(self):
        status, _, err = run("run", "smtp://127.0.0.1", "--start", "echo no licence; exit 3")
        self.assertEqual(status, 3)
        log = pathlib.Path(re.search(r"'echo no licence; exit 3' exited with status 3; its log is (\S+)", err)[1])
        self.assertEqual(log.read_text(), "no licence\n")
        log.unlink()
        log.parent.rmdir()
        _, _, err = run("run", "smtp://127.0.0.1", "--start", "exit 3")
        self.assertIn("it logged nothing", err)
        _, _, err = run("run", "smtp://127.0.0.1", "--start", "exec no-such-server")
        self.assertIn("exited with status 127: the start command was not found", err)
        for found in re.findall(r"its log is (\S+)", err):
            pathlib.Path(found).unlink()
            pathlib.Path(found).parent.rmdir()

    def test_a_target_that_logs_without_end(self):
        report = pathlib.Path(self.directory.name) / "run.json"
        _, out, _ = run("run", "smtp://127.0.0.1", CASE, "--report", f"json={report}", "--start",
                        f"head -c 80000000 /dev/zero; {self.SERVER}")
        self.assertIn("(it was too long, its end was dropped)", out)
        self.assertEqual(self.log_of(out).stat().st_size, 64 << 20)
        self.assertTrue(json.loads(report.read_text())["target"]["log_cut"])

    def test_a_launcher_that_fails(self):
        lab = pathlib.Path(self.directory.name)
        self.file("fails.sh", f"setsid sh -c 'while :; do sleep 1; done' & echo so and so > $1/start.log; echo alas >&2; exit 3\n")
        status, _, err = run("run", "lab:fails", SMTPSPEC_TARGETS=str(lab), SMTPSPEC_TEST=self.mark)
        self.assertEqual((status, err), (3, "smtpspec: lab:fails did not start: alas\n"))
        self.assertFalse(self.stays(0))
        kept = [log for log in pathlib.Path("/tmp").glob("smtpspec-lab-*/start.log") if log.read_text() == "so and so\n"]
        self.assertTrue(kept)
        for log in kept:
            for file in log.parent.iterdir():
                file.unlink()
            log.parent.rmdir()

    TOY = """case $1 in
        --describe) printf 'relay\\t1.2\\tno\\t\\n' ;;
        --fetch) echo no network >&2; exit 3 ;;
        *) printf 'name: toy\\nendpoints: {relay: smtp://127.0.0.1:2525}\\n'; sleep %d >/dev/null 2>&1 & ;;
        esac
        """

    def test_the_lab(self):
        lab = self.directory.name
        self.file("toy.sh", self.TOY % 60)
        self.assertEqual(run("lab", SMTPSPEC_TARGETS=lab),
                         (0, "NAME  ROLES  VERSION  FETCHED  CASES\ntoy   relay  1.2      no\n", ""))
        self.assertEqual(run("lab", "fetch", SMTPSPEC_TARGETS=lab), (3, "", "smtpspec: lab:toy was not fetched: no network\n"))
        status, _, err = run("lab", "start", "toys", SMTPSPEC_TARGETS=lab)
        self.assertEqual((status, err), (2, "smtpspec: no lab server 'toys'; there are lab:toy (did you mean 'lab:toy'?)\n"))
        process = self.begin("lab", "start", "toy", SMTPSPEC_TARGETS=lab)
        self.assertEqual([process.stdout.readline(), process.stdout.readline()],
                         ["name: toy\n", "endpoints: {relay: smtp://127.0.0.1:2525}\n"])
        self.assertEqual(self.end(process, signal.SIGINT), (0, "", "toy runs with this profile; Ctrl-C ends it\n"))
        self.assertFalse(self.stays(0))

    def test_a_lab_server_that_ends(self):
        self.file("toy.sh", self.TOY % 1)
        status, _, err = run("lab", "start", "toy", SMTPSPEC_TARGETS=self.directory.name)
        self.assertEqual(status, 3)
        self.assertIn("smtpspec: lab:toy has ended; its logs are in /tmp/smtpspec-lab-", err)

    # --- servers -----------------------------------------------------------------------------------------------------------

    def test_serve_takes_leave(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            process = self.begin("serve", "--listen", "relay=0")
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", port)) as client, socket.create_connection(("127.0.0.1", port)) as stuck:
                lines = client.makefile("rb")
                self.assertTrue(lines.readline().startswith(b"220"))
                stuck.setblocking(False)
                try:
                    while True:
                        stuck.send(b"NOOP\r\n" * 1000)
                except BlockingIOError:
                    pass
                self.assertEqual(self.end(process, number)[0], 0)
                self.assertTrue(lines.readline().startswith(b"421"))


class WhatIsRead(Files):
    """Files that are none, or have no end."""

    def test_profiles_waivers_passwords_certificates(self):
        pipe = str(pathlib.Path(self.directory.name) / "pipe")
        os.mkfifo(pipe)
        huge = self.file("huge", "")
        os.truncate(huge, 1 << 40)
        for path, complaint in {pipe: "nobody wrote to it", "/dev/zero": "more than the 16 MiB", self.directory.name: "Is a directory",
                                huge: "more than the 16 MiB"}.items():
            profile = self.file("p.yaml", f"endpoints: {{relay: \"smtp://127.0.0.1:1\"}}\ntls: {{ca: {path}}}\n")
            for words in ("run", path), ("run", "embedded", "--waivers", path), ("run", profile), ("serve", "--password-file", path), \
                    ("run", "smtp://127.0.0.1:1", "--user", "a", "--password-file", path), ("doctor", path):
                status, _, err = run(*words)
                self.assertEqual(status, 2, words)
                self.assertIn(complaint, err, words)
            status, _, err = run("--cases", path, "run", "embedded")
            self.assertEqual(status, 2)
            self.assertIn("no requirement registry" if path == self.directory.name else "no directory with test cases", err)

    def test_a_pipe_with_a_writer_is_a_file(self):
        done = subprocess.run(["bash", "-c", f"{PROGRAM} run embedded rfc5321/order -q --waivers <(sleep 0.2; echo '[]')"], capture_output=True,
                              text=True, check=False, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_pipe_without_a_reader(self):
        pipe = str(pathlib.Path(self.directory.name) / "pipe")
        os.mkfifo(pipe)
        for words in ("run", "embedded", "rfc5321/order", "-q", "--report", f"json={pipe}"), ("doctor", "embedded", "--profile", pipe):
            status, _, err = run(*words)
            self.assertEqual(status, 2)
            self.assertIn(f"smtpspec: {pipe}: cannot write: nobody reads it\n", err)

    def test_a_profile_is_not_replaced_unasked(self):
        profile = self.file("p.yaml", "mine\n")
        status, out, err = run("doctor", "embedded", "--profile", profile)
        self.assertEqual(status, 2)
        self.assertIn(f"smtpspec: {profile}: there is a profile already; give --force to replace it\n", err)
        self.assertEqual(pathlib.Path(profile).read_text(), "mine\n")
        status, out, err = run("doctor", "embedded", "--profile", profile, "--force")
        self.assertEqual(status, 0, err)
        self.assertIn("\nname: embedded\n", pathlib.Path(profile).read_text())


class Coverage(Files):
    def setUp(self):
        super().setUp()
        (pathlib.Path(self.directory.name) / "requirements").mkdir()
        (pathlib.Path(self.directory.name) / "a").mkdir()
        row = "{level: MUST, subject: server, observable: wire, says: It is so.}"
        self.file("requirements/rfc5321.yaml", f"rfc: 5321\ntitle: SMTP\nrequirements:\n  1-1: {row}\n  1-2: {row}\n")
        self.file("a/one.yaml", "title: A\ncovers: [RFC5321-1-1]\ndialogue: |\n  C: NOOP\n  S: 250\n")

    def coverage(self, *words):
        return run("--cases", self.directory.name, "coverage", *words)

    def test_what_is_covered_and_what_is_not(self):
        status, out, err = self.coverage()
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"5321  SMTP +1/2 +50% +1\n")
        self.assertIn("  RFC5321-1-2  MUST\n", self.coverage("--missing", "--rfc", "5321", "--level", "must")[1])
        self.assertIn("RFC5321-1-1  MUST  covered\n    It is so.\n      a/one\n", self.coverage("--rows")[1])
        standings = [row["standing"] for row in json.loads(self.coverage("--json")[1])["requirements"]]
        self.assertEqual(standings, ["covered", "open"])
        self.assertIn("      covered by a/one\n", run("--cases", self.directory.name, "show", "RFC5321-1-1")[1])

    def test_a_selection_of_nothing(self):
        for words, expected, complaint in (("--rfc", "532"), 2, "the registry has no RFC 532 (did you mean '5321'?)"), \
                (("--level", "shoul"), 2, "(did you mean 'SHOULD'?)"), (("--level", "may"), 4, "no requirement is of that RFC and level"):
            status, out, err = self.coverage(*words)
            self.assertEqual((status, out), (expected, ""))
            self.assertIn(complaint, err)

    def test_a_row_that_is_lost_is_noticed(self):
        status, _, err = self.coverage("--check")
        self.assertEqual(status, 2)
        self.assertIn("coverage.tsv: cannot read", err)
        self.assertEqual(self.coverage("--renew"), (0, "", ""))
        self.assertEqual(self.coverage("--check"), (0, "", ""))
        self.file("a/two.yaml", (pathlib.Path(self.directory.name) / "a/one.yaml").read_text())
        self.assertEqual(self.coverage("--check"), (0, "", ""), "another case for the same row")
        for name, covers, said in ("a/one.yaml", "1-2", "RFC5321-1-2 is covered by now, and not named\n"), \
                ("a/two.yaml", "1-2", "RFC5321-1-1 was covered by case, now by nothing\n"):
            self.file(name, f"title: A\ncovers: [RFC5321-{covers}]\ndialogue: |\n  C: NOOP\n  S: 250\n")
            status, out, _ = self.coverage("--check")
            self.assertEqual(status, 1)
            self.assertIn(said, out)
            self.assertIn(f"'smtpspec --cases {self.directory.name} coverage --renew' writes it anew", out)
        self.file("a/two.yaml", "title: A\n")
        status, out, err = self.coverage("--check")
        self.assertEqual((status, out), (2, ""), "what a broken case covers is not known")
        self.assertIn("a/two.yaml:1:1: a case needs 'covers'", err)


class Ipv6(Files):
    def setUp(self):
        super().setUp()
        if not has_ipv6():
            self.skipTest("no IPv6 here")

    def test_a_server_on_ipv6(self):
        status, found = document("smtp://[::1]", CASE, "--start", f"{YES} [::1]:{{port}}", "--source", "::1")
        self.assertEqual(status, 1)
        self.assertRegex(found["target"]["endpoints"]["relay"], r"^smtp://\[::1\]:\d+$")
        self.assertEqual(found["target"]["greeting"], "yes.example.test ready")

    def test_serve_listens_there(self):
        with subprocess.Popen([PROGRAM, "serve", "--host", "::1", "--listen", "relay=0"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as server:
            url = server.stdout.readline().strip()
            self.assertRegex(url, r"^smtp://\[::1\]:\d+$")
            status, out, err = run("run", url, "rfc5321/order", "--rcpt", "alice@example.test")
            server.terminate()
        self.assertEqual(status, 0, out + err)

    def test_the_embedded_server(self):
        status, found = document("embedded", "rfc5321/order", "rfc5321/syntax", "--host", "::1")
        self.assertEqual(status, 0)
        self.assertTrue(all("[::1]" in url for url in found["target"]["endpoints"].values()))
        self.assertFalse([test for test in found["cases"] if "IPv6" in test["summary"]])

    def test_addresses(self):
        status, _, err = run("run", "embedded", "--source", "localhost")
        self.assertEqual(status, 2)
        self.assertIn("'localhost' is no address to connect from", err)
        status, _, err = run("run", "smtp://127.0.0.1:1", "--host", "::1")
        self.assertEqual(status, 2)
        self.assertIn("--host is where the embedded server listens", err)
        status, _, err = run("run", "embedded", "--source", "::1")
        self.assertEqual(status, 3, "an IPv4 target cannot be reached from an IPv6 address")


if __name__ == "__main__":
    unittest.main()
