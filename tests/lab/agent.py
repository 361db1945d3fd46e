# SPDX-License-Identifier: MIT
"""Speaks to the lab through its guest agent (the QEMU Guest Agent protocol), by way of the hub."""
import base64
import io
import json
import os
import socket
import tarfile
import time
from shlex import quote

CHUNK = 48 << 10  # larger writes were seen to hang in the agent
READ = 256 << 10


class AgentError(Exception):
    """What the agent refused, or that it does not answer."""


class Agent:
    """One request at a time; between them, other programs may speak to the same agent."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "agent.sock")

    def call(self, name, timeout=60, **arguments):
        request = {"execute": name, "arguments": arguments}
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.path)
                sock.sendall(json.dumps({"request": request, "timeout": timeout}).encode() + b"\n")
                with sock.makefile("rb") as stream:
                    reply = json.loads(stream.readline())
        except (OSError, ValueError) as e:
            raise AgentError(f"the lab does not answer to '{name}': {e}") from e
        if "error" in reply:
            raise AgentError(f"the lab's agent refuses '{name}': {reply['error'].get('desc')}")
        return reply["return"]

    def wait(self, seconds, alive=lambda: True):
        end = time.monotonic() + seconds
        while True:
            try:
                return self.call("guest-ping", 5)
            except AgentError:
                if time.monotonic() > end or not alive():
                    raise
                time.sleep(0.1)

    def write_file(self, path, data):
        handle = self.call("guest-file-open", path=path, mode="w")
        for at in range(0, len(data), CHUNK):
            text = base64.b64encode(data[at:at + CHUNK]).decode()
            self.call("guest-file-write", handle=handle, **{"buf-b64": text})
        self.call("guest-file-close", handle=handle)

    def read_file(self, path, write):
        """Gives the file piece by piece to write()."""
        handle = self.call("guest-file-open", path=path, mode="r")
        while self.read_on(handle, write):
            pass
        self.call("guest-file-close", handle=handle)

    def read_on(self, handle, write):
        """What is there since the last time; the number of bytes."""
        piece = self.call("guest-file-read", handle=handle, count=READ)
        if piece["count"]:
            write(base64.b64decode(piece["buf-b64"]))
        return piece["count"]

    def run(self, command, write_out, write_err, timeout=None):
        """Runs a shell command and gives its output on as it comes. Returns its exit status."""
        place = f"/run/lab/{os.getpid()}-{time.monotonic_ns()}"
        self.start(["/bin/mkdir", "-p", place])
        script = f"cd /root; export HOME=/root LANG=C.UTF-8; echo $$ >{place}/group; " \
                 f"exec >{place}/out 2>{place}/err </dev/null\n{command}"
        pid = self.start(["/usr/bin/setsid", "--wait", "/bin/bash", "-c", script], wait=False)
        end = time.monotonic() + timeout if timeout else None
        try:
            return self.follow(pid, place, write_out, write_err, end)
        except BaseException:
            self.start(["/bin/bash", "-c", f"kill -TERM -- -$(cat {place}/group)"])
            raise
        finally:
            self.start(["/bin/rm", "-rf", place])

    def start(self, argv, wait=True):
        pid = self.call("guest-exec", path=argv[0], arg=argv[1:])["pid"]
        while wait and not self.call("guest-exec-status", pid=pid)["exited"]:
            time.sleep(0.02)
        return pid

    def open_when_there(self, path):
        for _ in range(600):
            try:
                return self.call("guest-file-open", path=path, mode="r")
            except AgentError as e:
                last = e
                time.sleep(0.05)
        raise last

    def follow(self, pid, place, write_out, write_err, end):
        outputs = [(self.open_when_there(f"{place}/{name}"), write)
                   for name, write in (("out", write_out), ("err", write_err))]
        pause, status = 0.05, {"exited": False}
        while True:
            moved = sum([self.read_on(handle, write) for handle, write in outputs])
            if status["exited"] and not moved:
                break
            if end and time.monotonic() > end:
                raise AgentError("the command still ran after its time limit; it was ended")
            pause = 0.05 if moved else min(pause * 1.3, 0.5)
            if not status["exited"]:
                time.sleep(pause)
                status = self.call("guest-exec-status", pid=pid)  # says it once that it exited
        for handle, _ in outputs:
            self.call("guest-file-close", handle=handle)
        return status.get("exitcode", 128 + status.get("signal", 0))

    def put(self, paths, place):
        """Files and directories, with their modes, into a directory of the lab."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as tar:
            for path in paths:
                tar.add(path, os.path.basename(os.path.abspath(path)))
        name = f"/run/lab-put-{os.getpid()}.tar.gz"
        self.write_file(name, packed.getvalue())
        errors = []
        command = f"mkdir -p {quote(place)} && tar -xzf {name} --no-same-owner -C {quote(place)}"
        status = self.run(f"{command}; status=$?; rm -f {name}; exit $status", lambda _: None, errors.append)
        if status:
            raise AgentError(f"cannot unpack in '{place}' of the lab: {b''.join(errors).decode(errors='replace')}")

