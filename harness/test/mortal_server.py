"""A small server to which a command does harm. Usage: mortal_server.py PORT VERB [HARM]

HARM: it dies, after so many SECONDS (default: 0); `keep`: it keeps a descriptor for each; `pool`: it keeps no more than 20; `shell`: a shell reads its
argument.
"""
import os
import socketserver
import subprocess
import sys
import threading

DEADLY = sys.argv[2].encode()
HARM = sys.argv[3] if len(sys.argv) > 3 else "0"
KEPT = []


def die():
    # In one write: several sessions may die of it at once.
    os.write(1, f"SUMMARY: AddressSanitizer: heap-use-after-free server.c:42 in do_{DEADLY.decode().lower()}\n".encode())
    os._exit(7)


def harm(line):
    if HARM == "keep" or (HARM == "pool" and len(KEPT) < 20):
        KEPT.append(open("/dev/null", "rb"))
    elif HARM == "shell":
        words = line.strip().split(b" ", 1)[1:]
        subprocess.run([b"/bin/sh", b"-c", b"echo " + b"".join(words).replace(b"\0", b"")], check=False, capture_output=True)
    elif HARM not in ("keep", "pool"):
        if float(HARM) == 0:
            die()
        threading.Timer(float(HARM), die).start()


class Mortal(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 mortal.example.test ready\r\n")
        helo = mail = rcpt = data = False
        for line in self.rfile:
            if data:
                data = line != b".\r\n"
                if not data:
                    self.wfile.write(b"250 taken\r\n")
                continue
            words = line.upper().split()
            verb = words[0] if words else b""
            if verb == DEADLY:
                harm(line)
            reply = b"500 what?"
            if verb in (b"EHLO", b"HELO"):
                good = len(words) == 2
                reply = b"250 mortal.example.test" if good else b"501 who?"
                if good:
                    helo, mail, rcpt = True, False, False
            elif verb == b"NOOP":
                reply = b"250 still here"
            elif verb == b"QUIT":
                self.wfile.write(b"221 mortal.example.test bye\r\n")
                return
            elif verb == b"RSET":
                mail = rcpt = False
                reply = b"250 forgotten"
            elif verb in (b"VRFY", b"EXPN", b"HELP"):
                reply = b"502 not here"
            elif verb == b"MAIL":
                reply = b"503 not now" if mail or not helo else b"250 go on" if line.upper().startswith(b"MAIL FROM:<") else b"501 from whom?"
                mail = mail or reply[:1] == b"2"
            elif verb == b"RCPT":
                reply = b"503 not now" if not mail else b"250 go on" if line.upper().startswith(b"RCPT TO:<") else b"501 to whom?"
                rcpt = rcpt or reply[:1] == b"2"
            elif verb == b"DATA":
                data = rcpt and len(words) == 1
                reply = b"354 go on" if data else b"503 not now"
                mail, rcpt = mail and not data, rcpt and not data
            self.wfile.write(reply + b"\r\n")


class MortalServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


MortalServer(("127.0.0.1", int(sys.argv[1])), Mortal).serve_forever()
