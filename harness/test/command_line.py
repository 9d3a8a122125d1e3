"""What the tests of the command line have in common; the first argument of each is the program."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
HERE = pathlib.Path(__file__).resolve().parent
YES = f"{sys.executable} {HERE / 'yes_server.py'}"
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
