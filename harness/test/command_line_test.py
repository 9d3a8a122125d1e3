"""The command line, as one types it. Usage: command_line_test.py SMTPSPEC [unittest arguments]"""
import json
import os
import pathlib
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
YES = f"{sys.executable} {pathlib.Path(__file__).resolve().parent / 'yes_server.py'}"
CASE = "rfc5321/order/rcpt-before-mail"


def run(*words, **variables):
    """Exit status, standard output, standard error."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, env={**os.environ, **variables}, timeout=100)
    return done.returncode, done.stdout, done.stderr


def document(*words, **variables):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "run.json"
        status, out, err = run("run", *words, "--report", f"json={file}", **variables)
        if not file.exists():
            raise AssertionError(f"status {status}\n{out}\n{err}")
        return status, json.loads(file.read_text())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class Files(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, name, text):
        path = pathlib.Path(self.directory.name) / name
        path.write_text(text)
        return str(path)


class Again(Files):
    def again(self, *words, **variables):
        status, out, _ = run("run", *words, **variables)
        self.assertEqual(status, 1, out)
        lines = re.findall(r"^ +again: (.*)$", out, re.MULTILINE)
        self.assertTrue(lines, out)
        return lines[0]

    def test_the_line_does_it(self):
        line = self.again("smtp://127.0.0.1:25", CASE, "--start", f"{YES} {{port}}", "--rcpt", "it's me@example.test", "--rcpt-unknown",
                          "x@example.test", "--timeout", "5s", "--user", "alice", "--password-env", "SECRET", SECRET="open sesame")
        self.assertIn("--user alice --password-env SECRET", line)
        self.assertIn(r"""--rcpt 'it'\''s me@example.test'""", line)
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
        }.items():
            status, _, err = run("run", "smtp://127.0.0.1:1", *words)
            self.assertEqual(status, 2)
            self.assertIn(complaint, err)


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


class Selection(unittest.TestCase):
    def test_list_knows_rows(self):
        _, out, _ = run("list", "rfc5321/data/bare-lf-end-in-one-segment")
        self.assertRegex(out, r"^rfc5321/data/bare-lf-end-in-one-segment  MUST x\d+\n")
        status, out, _ = run("list", "rfc5321/data/bare-lf-end-in-one-segment[lf-dot-lf]")
        self.assertEqual((status, out.splitlines()[0]), (0, "rfc5321/data/bare-lf-end-in-one-segment[lf-dot-lf]  MUST"))
        status, out, _ = run("list", "rules")
        self.assertEqual(len(out.splitlines()) % 2, 0)
        self.assertTrue(all(line.startswith(("rules/", "    ")) for line in out.splitlines()))

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
            self.assertIn("  relay stopped answering, and its tests are inconclusive:", out)
            self.assertNotRegex(out, " 0 pass")

    def test_findings_count_although_the_target_died(self):
        server = self.file("mortal.py", """
import itertools, os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for number in itertools.count():
    if number == 60:
        listener.close()
        threading.Event().wait(60)
    def talk(peer):
        peer.sendall(b"220 mortal.example.test\\r\\n")
        for line in peer.makefile("rb"):
            peer.sendall(b"250 mortal.example.test\\r\\n")
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
""")
        status, out, err = run("run", "smtp://127.0.0.1", "rfc5321", "-q", "-j", "2", "--timeout", "2s", "--start",
                               f"{sys.executable} {server} {{port}}")
        self.assertIn("the target stopped answering", out, err)
        self.assertRegex(out, "[1-9][0-9]* fail")
        self.assertEqual(status, 1)


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
        self.assertEqual(json.loads(pathlib.Path(report).read_text())["schema"], "smtpspec.run.v1")

    def test_a_slow_reader_delays_no_session(self):
        report = pathlib.Path(self.directory.name) / "run.json"
        with subprocess.Popen([PROGRAM, "run", "embedded", "rfc5321/order", "rfc5321/syntax", "-v", "-v", "--report", f"json={report}"],
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
