"""What is delivered, looked at in files and at a next hop. Usage: delivery_test.py SMTPSPEC [unittest arguments]"""
import pathlib
import re
import socket
import subprocess
import unittest

from command_line import PROGRAM, Files, document, free_port, run

DOTS = "rfc5321/delivery/leading-dots"
RELAYED = "rfc5321/delivery/relayed-untouched"


class Delivery(Files):
    """The reference server in a process of its own, with Maildirs and a next hop."""

    def setUp(self):
        super().setUp()
        self.mail = pathlib.Path(self.directory.name) / "mail"
        self.hop = free_port()
        self.server = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "relay=0", "--maildir", str(self.mail), "--forward", f"smtp://127.0.0.1:{self.hop}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.stop)
        self.url = self.server.stdout.readline().strip()

    def stop(self):
        self.server.terminate()
        self.server.wait(timeout=20)
        self.server.stdout.close()

    def maildir(self, name):
        return f"maildir: {self.mail / name / 'Maildir'}"

    def box(self, name):
        path = self.mail / name / "Maildir" / "new"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def profile(self, mailbox="", more=""):
        return self.file("target.yaml", f"""name: mine
endpoints: {{relay: '{self.url}'}}
recipient: alice@example.test
second-recipient: carol@mx.example.test
relayed-recipient: bob@relay.test
mailbox: {{{mailbox or self.maildir("alice")}}}
{more}
""")

    def both(self, **of):
        return self.profile(more=f"second-mailbox: {{{self.maildir('carol')}}}\nnext-hop: {{sink: '127.0.0.1:{self.hop}'}}", **of)

    def verdicts(self, profile, *cases):
        _, found = document(profile, *cases)
        return {test["id"]: (test["verdict"], test["summary"]) for test in found["cases"] if not test["id"].startswith("rules/")}

    def test_a_conforming_server_shows_nothing(self):
        self.box("alice"), self.box("carol")
        verdicts = self.verdicts(self.both(), "rfc5321/delivery")
        self.assertGreater(len(verdicts), 50)
        self.assertEqual({id: verdict for id, verdict in verdicts.items() if verdict[0] != "pass"}, {})

    def test_what_was_there_before_is_not_looked_at(self):
        (self.box("alice") / "old").write_text("Subject: old\n\nNothing of this run.\n")
        self.assertEqual(self.verdicts(self.profile(), DOTS)[DOTS][0], "pass")

    def test_what_cannot_be_looked_at_is_said_and_skipped(self):
        ports = socket.socket()
        self.addCleanup(ports.close)
        ports.bind(("127.0.0.1", self.hop))
        ports.listen()
        for mailbox, told in {
                "maildir: /nonexistent/of/nobody": "the Maildir /nonexistent/of/nobody: ",
                "mbox: /nonexistent/of/nobody": "the mbox /nonexistent/of/nobody: its folder is not there",
                "mbox: /": "the mbox /: no file",
        }.items():
            profile = self.both(mailbox=mailbox)
            status, out, err = run("run", profile, DOTS, RELAYED, "-v")
            self.assertEqual(status, 0, out + err)
            self.assertIn(told, err)
            self.assertIn(f"the next hop 127.0.0.1:{self.hop}: ", err)
            self.assertEqual(len(re.findall(r"^skip ", out, re.MULTILINE)), 2, out)
            self.assertIn(told, run("doctor", profile)[2])

    def test_a_message_that_never_arrives_is_no_accusation(self):
        profile = self.profile(f"maildir: {self.mail}/carol/Maildir", "limits: {delivery: 300ms}")
        self.box("carol")
        verdict, summary = self.verdicts(profile, DOTS)[DOTS]
        self.assertEqual(verdict, "inconclusive")
        self.assertIn("nothing had arrived within 300ms, a later message neither", summary)

    def test_a_profile_says_what_is_wrong_with_it(self):
        for mailbox, complaint in {
                "maildir: a, mbox: b": "expected maildir or mbox, one of them",
                "maildr: a": "maildr",
        }.items():
            status, _, err = run("run", self.profile(mailbox), DOTS)
            self.assertEqual(status, 2)
            self.assertIn(complaint, err)
        status, _, err = run("run", self.profile(more="next-hop: {sink: nowhere:x}"), DOTS)
        self.assertEqual(status, 2)
        self.assertIn("'nowhere:x' is no HOST:PORT to listen at", err)


if __name__ == "__main__":
    unittest.main()
