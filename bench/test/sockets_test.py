"""The clients of bench/sockets: sessions on the responder, and what they make of a server that is wrong.
Usage: sockets_test.py DIRECTORY_OF_PROGRAMS"""
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

PROGRAMS = pathlib.Path(sys.argv.pop(1))


class Server:
    """Answers each line as it is told, one connection after the other."""

    def __init__(self, **answers):
        self.answers = {"greeting": "220 mx.example.test ready", "EHLO": "250 mx.example.test", "DATA": "354 go on",
                        "QUIT": "221 mx.example.test bye", **answers}
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rw", newline="\r\n") as stream:
                in_data = False
                line = "greeting"
                while line:
                    if not in_data or line == ".\r\n":
                        in_data = line.startswith("DATA")
                        stream.write(self.answers.get(line[:4].strip() if line != "greeting" else line, "250 fine") + "\n")
                        stream.flush()
                    try:
                        line = stream.readline()
                    except ConnectionError:
                        break


def run(program, port, *words):
    done = subprocess.run([PROGRAMS / program, *words[:1], str(port), *words[1:]] if program == "ours" else [PROGRAMS / program, str(port), *words],
                          text=True, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Sockets(unittest.TestCase):
    def test_on_the_responder(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        responder = subprocess.Popen([PROGRAMS / "responder", str(port)])
        self.addCleanup(responder.wait)
        self.addCleanup(responder.kill)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionError:
                self.assertIsNone(responder.poll())
        self.assertEqual(run("blocking", port, "5", "50", "3"), (0, "", ""))
        for client in "driver", "transport":
            for pipelined in [], ["--pipelined"]:
                # A greeting, EHLO, QUIT, and four replies for each message.
                self.assertEqual(run("ours", port, client, "5", "50", "3", *pipelined), (0, "50 sessions, 750 replies judged\n", ""))

    def test_a_code_that_nobody_asked_for_ends_it(self):
        server = Server(RCPT="550 no such user")
        self.assertEqual(run("blocking", server.port, "1", "2", "1")[0], 1)
        for client in "driver", "transport":
            status, _, error = run("ours", server.port, client, "1", "2", "1")
            self.assertEqual(status, 1)
            self.assertIn("550 no such user", error)

    def test_what_is_against_the_law_is_counted(self):
        server = Server(MAIL="250 na\x01me")
        for client, what in ("driver", "control-octet in a reply to MAIL"), ("transport", "rules/reply-line"):
            status, out, _ = run("ours", server.port, client, "1", "3", "1")
            self.assertEqual(status, 0)
            self.assertIn("3 sessions, 21 replies judged", out)
            self.assertRegex(out, rf"3 times: {what}")

    def test_nobody_there(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for words in (["blocking", port, "1", "1", "1"], ["ours", port, "driver", "1", "1", "1"], ["ours", port, "transport", "1", "1", "1"]):
            status, _, error = run(*words)
            self.assertEqual(status, 1, words)
            self.assertTrue(error)


if __name__ == "__main__":
    unittest.main()
