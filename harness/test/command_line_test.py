"""The command line, as one types it. Usage: command_line_test.py SMTPSPEC [unittest arguments]"""
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
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
