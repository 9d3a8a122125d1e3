"""A server that says yes to everything: a target with findings. Usage: yes_server.py [HOST:]PORT... ("[::1]:2525")"""
import socketserver
import sys
import threading
import socket


class Yes(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 yes.example.test ready\r\n")
        data = False
        for line in self.rfile:
            word = line.strip().upper()
            if data:
                data = word != b"."
                if not data:
                    self.wfile.write(b"250 yes\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 yes.example.test bye\r\n")
                return
            else:
                data = word == b"DATA"
                self.wfile.write(b"354 go on\r\n" if data else b"250 yes.example.test\r\n" if word[:4] == b"EHLO" else b"250 yes\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100  # at five, connections that come at once wait a second


for argument in sys.argv[1:]:
    host, _, port = argument.rpartition(":")
    Server.address_family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    server = Server((host.strip("[]") or "127.0.0.1", int(port)), Yes)
    threading.Thread(target=server.serve_forever).start()
