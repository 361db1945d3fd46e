# SPDX-License-Identifier: MIT
"""The lab's QEMU process: one directory a lab, with its sockets, its disk and its logs.

A keeper process holds QEMU. It ends QEMU when the owner ends (the process that asked for the
lab), and the kernel ends QEMU should the keeper be killed. Nothing is ever found by its name.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

from hub import Hub

PR_SET_PDEATHSIG = 1
SOCKETS = ("qmp.sock", "channel.sock", "console.sock")


class MachineError(Exception):
    """What is wrong with the lab, for a person."""


class Machine:
    """The lab in one directory, running or not."""

    def __init__(self, directory):
        self.dir = os.path.abspath(directory)
        self.console = os.path.join(self.dir, "console.log")
        self.log = os.path.join(self.dir, "qemu.log")

    def path(self, name):
        return os.path.join(self.dir, name)

    def prepare(self):
        if len(self.path("console.sock")) > 100:
            raise MachineError(f"'{self.dir}' is too long for the name of a socket: "
                               "choose a shorter --dir or VNUMA_LAB")
        os.makedirs(self.dir, mode=0o700, exist_ok=True)

    def held(self):
        """Is there a keeper? It holds the lock for as long as it lives."""
        try:
            with open(self.path("lock"), encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True

    def running(self):
        """What boot noted of the running lab, or None. One that starts or ends just now is waited for."""
        for _ in range(200):
            if not self.held():
                return None
            with contextlib.suppress(FileNotFoundError), open(self.path("lab.json"), encoding="utf-8") as f:
                return json.load(f)
            time.sleep(0.05)
        raise MachineError(f"the lab in '{self.dir}' neither starts nor ends; see '{self.log}'")

    def start(self, arguments, owner, facts, state=None):
        """Starts QEMU under a keeper; state: a saved state to restore."""
        self.prepare()
        start, ready = os.pipe()
        if os.fork() == 0:
            os.close(start)
            try:
                status = self.keep(arguments, owner, facts, state, ready)
            except BaseException as e:  # the fork must never return into its parent's code
                os.write(ready, f"{e}".encode())
                status = 1
            os._exit(status)
        os.close(ready)
        with os.fdopen(start, "rb") as f:
            said = f.read().decode()
        if said != "started":
            raise MachineError(f"the lab did not start: {said or 'its keeper ended'}")

    def keep(self, arguments, owner, facts, state, ready):
        """The keeper's life. It says 'started', or what went wrong, through the pipe 'ready'."""
        os.setsid()
        lock = open(self.path("lock"), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MachineError(f"a lab runs in '{self.dir}' already: 'scripts/lab down' ends it") from None
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.clear()
        qemu = self.spawn(arguments, state)
        try:
            self.write_note(dict(facts, pid=qemu.pid, keeper=os.getpid(), owner=owner))
            self.wait_for_sockets(qemu)
            Hub(self.path("agent.sock"), self.path("channel.sock")).start()
            os.write(ready, b"started")
            os.close(ready)
            leave_terminal(self.log)
            watch(qemu, owner)
        finally:
            qemu.kill()
            qemu.wait()
            self.clear()
        return 0

    def write_note(self, note):
        """At once, for others may be reading."""
        with open(self.path("lab.json.new"), "w", encoding="utf-8") as f:
            json.dump(note, f)
        os.rename(self.path("lab.json.new"), self.path("lab.json"))

    def spawn(self, arguments, state):
        libc = ctypes.CDLL(None, use_errno=True)
        command = ["qemu-system-x86_64", *arguments,
                   "-qmp", f"unix:{self.path('qmp.sock')},server=on,wait=off",
                   "-chardev", f"socket,id=agent,path={self.path('channel.sock')},server=on,wait=off",
                   "-chardev", f"socket,id=console,path={self.path('console.sock')},server=on,wait=off,"
                               f"logfile={self.console},logappend=on"]
        descriptors = ()
        if state:
            fd = os.open(state, os.O_RDONLY)
            command += ["-incoming", f"fd:{fd}"]
            descriptors = (fd,)
        with open(self.log, "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=descriptors,
                                    preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def wait_for_sockets(self, qemu):
        for _ in range(600):
            if qemu.poll() is not None:
                with open(self.log, encoding="utf-8", errors="replace") as f:
                    raise MachineError(f"QEMU ended with {qemu.returncode}: {f.read()[-2000:].strip()}")
            if all(os.path.exists(self.path(name)) for name in SOCKETS):
                return
            time.sleep(0.05)
        raise MachineError(f"QEMU made no sockets within 30 s; see '{self.log}'")

    def clear(self):
        """What a lab has only while it runs. The logs stay, for whoever asks why."""
        for name in (*SOCKETS, "agent.sock", "lab.json"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))

    def monitor(self, timeout=30):
        return Monitor(self.path("qmp.sock"), timeout)

    def stop(self):
        """Ends the lab. The keeper clears up, and lets go of the lock."""
        now = self.running()
        if not now:
            return False
        try:
            with self.monitor(5) as monitor:
                monitor.call("quit")
        except (OSError, MachineError):
            os.kill(now["keeper"], signal.SIGTERM)  # it holds the lock, so that the number is still its own
        for _ in range(200):
            if not self.held():
                return True
            time.sleep(0.05)
        raise MachineError(f"the lab in '{self.dir}' does not end; its keeper is process {now['keeper']}")


class Monitor:
    """QMP, one client at a time."""

    def __init__(self, path, timeout):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(path)
        self.stream = self.sock.makefile("rwb")
        self.receive()
        self.call("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.sock.close()

    def receive(self):
        line = self.stream.readline()
        if not line:
            raise OSError("the monitor's connection ended")
        return json.loads(line)

    def call(self, name, **arguments):
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        self.stream.flush()
        while True:
            reply = self.receive()
            if "error" in reply:
                raise MachineError(f"QEMU refuses '{name}': {reply['error']['desc']}")
            if "return" in reply:
                return reply["return"]

    def wait_for(self, question, wanted, failed, seconds):
        """Asks until the status is one of wanted."""
        end = time.monotonic() + seconds
        while True:
            status = self.call(question).get("status")
            if status in wanted:
                return
            if status in failed or time.monotonic() > end:
                raise MachineError(f"'{question}' of QEMU says '{status}', not '{wanted[0]}'")
            time.sleep(0.05)


def leave_terminal(log):
    """The keeper outlives the command that started it: it holds none of its output open."""
    null, out = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)


def watch(qemu, owner):
    """Until QEMU ends, or its owner (0: nobody)."""
    poll = select.poll()
    poll.register(os.pidfd_open(qemu.pid), select.POLLIN)
    if owner:
        try:
            poll.register(os.pidfd_open(owner), select.POLLIN)
        except ProcessLookupError:
            return
    poll.poll()
