# SPDX-License-Identifier: MIT
"""Shares the one channel to the lab's guest agent among all who want to speak to it.

The channel serves one client, and an agent whose clients come and go was seen to stop listening.
The hub, in the lab's keeper, stays connected and passes on one request after another. A client
sends {"request": ..., "timeout": seconds} as a line, and gets the agent's reply as a line.
"""
import json
import socket
import socketserver
import threading
import time


class Channel:
    """The connection to the agent. After a reply that did not come, the next request syncs first."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.lock = threading.Lock()
        self.pending = b""
        self.synced = False

    def ask(self, request, timeout):
        with self.lock:
            end = time.monotonic() + timeout
            if not self.synced:
                self.sync(end)
            self.synced = False
            self.sock.sendall(json.dumps(request).encode() + b"\n")
            reply = self.line(end)
            self.synced = True
            return reply

    def sync(self, end):
        number = time.monotonic_ns() & 0x7FFFFFFF
        request = {"execute": "guest-sync-delimited", "arguments": {"id": number}}
        self.sock.sendall(b"\xff" + json.dumps(request).encode() + b"\n")
        while True:
            line = self.line(end)
            if b"\xff" in line and json.loads(line.rpartition(b"\xff")[2]).get("return") == number:
                return

    def line(self, end):
        while b"\n" not in self.pending:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            data = self.sock.recv(1 << 16)
            if not data:
                raise OSError("QEMU closed the agent's channel")
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return line


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            asked = json.loads(line)
            try:
                reply = self.server.channel.ask(asked["request"], asked["timeout"])
            except OSError as e:
                reply = json.dumps({"error": {"desc": f"no answer: {e}"}}).encode()
            self.wfile.write(reply + b"\n")


class Hub(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path, channel_path):
        self.channel = Channel(channel_path)
        super().__init__(path, Handler)

    def handle_error(self, request, client_address):
        """A client that went away in the middle is no error of the hub's."""

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
