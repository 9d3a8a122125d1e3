"""Sessions and messages a second over loopback, ours beside others', against one server.

    measure.py BUILD smtp-sink                what Postfix's sink takes; smtp-source is the yardstick
    measure.py BUILD responder                the least that is a server; the blocking client is the yardstick
    measure.py BUILD aiosmtpd                 /usr/bin/python3 -m aiosmtpd, found by PYTHONPATH
    measure.py BUILD 2525                     any other, which is there

BUILD is a build with -DSMTPSPEC_BENCH=ON. smtp-sink and smtp-source come with Debian's package postfix, which need not be installed:

    apt-get download postfix && dpkg -x postfix_*.deb DIR && measure.py BUILD smtp-sink --postfix DIR

All take turns, round by round. Shown are medians of the rounds, and of the ratios within a round; other work on the machine weighs on the
clock, so that processor time of the client is shown too. The blocking client with one connection is the raw client that does one thing
after the other; with as many as ours, a thread for each. `run and fuzz` are both the harness's transport, `load` its lean driver; `fuzz` is
`smtpspec fuzz`, whose sessions are of its own making, with an error here and there.
"""
import argparse
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("build", type=pathlib.Path)
arguments.add_argument("target", help="smtp-sink, responder, aiosmtpd, or a port of 127.0.0.1")
arguments.add_argument("--postfix", type=pathlib.Path, default=pathlib.Path("/"), help="where the package was unpacked")
arguments.add_argument("--connections", type=int, default=20)
arguments.add_argument("--sessions", type=int, default=10000, help="of a round")
arguments.add_argument("--messages", type=int, default=20, help="in a session that is used again")
arguments.add_argument("--rounds", type=int, default=7)
arguments.add_argument("--fuzz", action="store_true", help="smtpspec fuzz too")
given = arguments.parse_args()

FUZZ_SECONDS = 5
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": str(given.postfix / "usr/lib/postfix")}


def postfix(name):
    unpacked = given.postfix / "usr/sbin" / name
    return str(unpacked) if unpacked.exists() else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


class Server:
    """Until the block ends."""

    def __init__(self, target):
        self.process, self.port = None, int(target) if target.isdecimal() else free_port()
        commands = {"smtp-sink": [postfix("smtp-sink"), *(["-u", "nobody"] if os.geteuid() == 0 else []), f"127.0.0.1:{self.port}", "1024"],
                    "responder": [given.build / "bench/sockets/responder", str(self.port)],
                    "aiosmtpd": ["/usr/bin/python3", "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{self.port}"]}
        self.command = commands.get(target)
        if self.command is None and not target.isdecimal() or self.command and self.command[0] is None:
            sys.exit(f"there is no {target}; --help says where it comes from")

    def __enter__(self):
        if self.command:
            self.process = subprocess.Popen(self.command, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not answers(self.port):
            if time.monotonic() > deadline or self.process and self.process.poll() is not None:
                self.__exit__()
                sys.exit(f"nobody greets at port {self.port}")
            time.sleep(0.05)
        return self.port

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()


def measure(command):
    """Seconds by the clock, seconds of processor time, and what it printed; a client that fails ends everything."""
    before, began = os.times(), time.monotonic()
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    seconds, after = time.monotonic() - began, os.times()
    if done.returncode not in ((0, 1) if "fuzz" in command else (0,)):
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return seconds, after.children_user - before.children_user + after.children_system - before.children_system, done.stdout


def show(title, unit, count, competitors, yardstick):
    """All take turns; `count` is how many of `unit` each makes."""
    rates = {name: [] for name in competitors}
    found, replies = set(), []
    costs = {name: [] for name in competitors}
    for _ in range(given.rounds):
        for name, command in competitors.items():
            seconds, cost, printed = measure(command)
            found.update(re.findall(r"times: (.*)", printed))
            made = int(re.search(r"(\d+) scenarios", printed).group(1)) if name == "fuzz" else count
            if name == "fuzz":
                replies.append(int(re.search(r"(\d+) replies", printed).group(1)) / made)
            rates[name].append(made / (FUZZ_SECONDS if name == "fuzz" else seconds))  # behind them it looks into what it found
            costs[name].append(cost / made * 1e6)
    print(f"\n{title}\n{'':16}{unit + '/s':>12}{'x ' + yardstick:>16}{'client us':>12}")
    for name in competitors:
        ratio = statistics.median(a / b for a, b in zip(rates[name], rates[yardstick]))
        print(f"{name:16}{statistics.median(rates[name]):12.0f}{ratio:16.2f}{statistics.median(costs[name]):12.1f}")
    if replies:
        print(f"a scenario of fuzz has {statistics.median(replies):.0f} replies")
    for what in sorted(found):
        print(f"found: {what}")


with Server(given.target) as port:
    programs = given.build.resolve() / "bench/sockets"
    source = postfix("smtp-source") if given.target == "smtp-sink" else None
    yardstick = "smtp-source" if source else "blocking, one"

    def clients(sessions, messages, *, pipelined=False, abandoned=False):
        words = [str(port), str(given.connections), str(sessions), str(messages)]
        ours = [*words, *(["--pipelined"] if pipelined else []), *(["--abandoned"] if abandoned else [])]
        out = {}
        if source and not abandoned:
            out["smtp-source"] = [source, *(["-d"] if messages > 1 else []), "-s", str(given.connections), "-m", str(sessions * messages),
                                  "-f", "alice@client.example", "-t", "bob@server.example", f"127.0.0.1:{port}"]
        ending = ["rset"] if abandoned else []
        out["blocking, one"] = [programs / "blocking", str(port), "1", *words[2:], *ending]
        out["blocking"] = [programs / "blocking", *words, *ending]
        out["load"] = [programs / "ours", "driver", *ours]
        out["run and fuzz"] = [programs / "ours", "transport", *ours]
        return out

    print(f"{given.target}, {given.connections} connections, {given.rounds} rounds, load {os.getloadavg()[0]:.1f}")
    one = clients(given.sessions, 1)
    if given.fuzz:
        findings = given.build / "bench/sockets/findings"
        one["fuzz"] = [given.build.resolve() / "smtpspec", "fuzz", f"smtp://127.0.0.1:{port}", "--for", f"{FUZZ_SECONDS}s",
                       "-j", str(given.connections), "-q", "--findings", str(findings)]
    show(f"{given.sessions} sessions of one message", "sessions", given.sessions, one, yardstick)
    again = max(given.connections, given.sessions // given.messages)
    show(f"{again} sessions of {given.messages} messages, ours pipelined", "messages", again * given.messages,
         clients(again, given.messages, pipelined=True), yardstick)
    show(f"{again} sessions of {given.messages} transactions that end with RSET, ours pipelined", "transactions", again * given.messages,
         clients(again, given.messages, pipelined=True, abandoned=True), "blocking, one")
