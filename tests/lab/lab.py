#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lab: a multi-node KVM host in QEMU, to try vnuma on without owning one. docs/lab.md tells more.

  scripts/lab build                 make the lab host from Debian packages; needs root, once
  scripts/lab boot [SHAPE]          boot it; 3 s, but for the first time
  scripts/lab exec [-t S] CMD...    run a shell command in it; its output and exit status
  scripts/lab put FILE... [--to DIR]    copy files and directories in; default /root
  scripts/lab get FILE [LOCAL]      copy a file out; default: standard output
  scripts/lab console               its serial console, as root; Ctrl-] leaves
  scripts/lab status                what runs, and the shapes there are
  scripts/lab down                  end it; everything written in it is gone
"""
import argparse
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import tty

from agent import Agent, AgentError
from machine import Machine, MachineError
from saved import boot
from shapes import SHAPES

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("VNUMA_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vnuma")
ENVIRONMENT = 3  # exit status: it is not this command, it is what it needs


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


def image_directory():
    """The image that 'build' made last, or VNUMA_LAB_IMAGE."""
    image = os.environ.get("VNUMA_LAB_IMAGE") or os.path.join(CACHE, "lab")
    if not os.path.exists(os.path.join(image, "disk.img")):
        raise MachineError(f"there is no lab host in '{image}': run 'scripts/lab build' as root, once")
    return os.path.realpath(image)


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        name, _, rest = f.read().partition("(")[2].rpartition(")")
    return name, int(rest.split()[1])


def default_owner():
    """Who asked for the lab: the shell or script that runs this command, not what only wraps it."""
    pid = os.getppid()
    while pid > 1:
        name, parent = parent_of(pid)
        if name not in ("sudo", "timeout", "time", "env", "nice"):
            break
        pid = parent
    return pid


def need_running(machine):
    now = machine.running()
    if not now:
        raise MachineError(f"no lab runs in '{machine.dir}': 'scripts/lab boot' starts one")
    return now


def cmd_boot(machine, args):
    if not shutil.which("qemu-system-x86_64"):
        raise MachineError("'qemu-system-x86_64' is missing: run scripts/deps test")
    now = machine.running()
    if now:
        raise MachineError(f"a lab of the shape '{now['shape']}' runs in '{machine.dir}' already: "
                           "'scripts/lab down' ends it, --dir DIR is for a second one")
    owner = 0 if args.keep else args.owner or default_owner()
    try:
        boot(machine, image_directory(), CACHE, args.shape, owner, say)
    except BaseException:
        machine.stop()
        say(f"what the lab said is in '{machine.console}' and '{machine.log}'")
        raise
    until = f"process {owner} ({parent_of(owner)[0]}) ends, or 'scripts/lab down'" if owner else "'scripts/lab down'"
    say(f"'{args.shape}' is up, until {until}")
    return 0


def cmd_exec(machine, args):
    need_running(machine)

    def writer(stream):
        def write(data):
            stream.write(data)
            stream.flush()
        return write
    return Agent(machine.dir).run(" ".join(args.command), writer(sys.stdout.buffer), writer(sys.stderr.buffer),
                                  args.timeout)


def cmd_put(machine, args):
    need_running(machine)
    Agent(machine.dir).put(args.file, args.to)
    return 0


def cmd_get(machine, args):
    need_running(machine)
    path = os.path.join("/root", args.file)  # where 'exec' is, too
    if args.local:
        with open(args.local, "wb") as f:
            Agent(machine.dir).read_file(path, f.write)
    else:
        Agent(machine.dir).read_file(path, sys.stdout.buffer.write)
    return 0


def cmd_console(machine, _):
    need_running(machine)
    if not sys.stdin.isatty():
        raise MachineError("the console wants a terminal: use 'scripts/lab exec' in scripts")
    say("Ctrl-] leaves")
    before = termios.tcgetattr(0)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(machine.path("console.sock"))
        sock.sendall(b"\n")
        try:
            tty.setraw(0)
            while True:
                ready = select.select([0, sock], [], [])[0]
                if sock in ready:
                    data = sock.recv(4096)
                    if not data:  # the lab ended
                        return 0
                    os.write(1, data)
                if 0 in ready:
                    data = os.read(0, 4096)
                    if not data or b"\x1d" in data:
                        return 0
                    sock.sendall(data)
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)
            print()


def cmd_status(machine, args):
    now = machine.running()
    if args.json:
        shapes = {name: {"what": shape.what, "guests": shape.guests} for name, shape in SHAPES.items()}
        print(json.dumps({"schema": "vnuma.lab/1", "running": now, "shapes": shapes}, indent=2))
        return 0
    print(f"'{now['shape']}' runs in '{machine.dir}', QEMU is process {now['pid']}" if now else
          f"no lab runs in '{machine.dir}'")
    print("\nShapes:")
    for name, shape in SHAPES.items():
        print(f"  {name:12} {shape.what}")
    return 0


def cmd_down(machine, _):
    if not machine.stop():
        say(f"no lab runs in '{machine.dir}'")
    if os.path.exists(machine.path("disk.qcow2")):
        os.unlink(machine.path("disk.qcow2"))
    return 0


def cmd_build(_machine, _):
    done = subprocess.run([os.path.join(HERE, "build")], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        say(f"the lab host is in '{done.stdout.strip()}'; 'scripts/lab boot' starts it")
    return done.returncode


def parse():
    parser = argparse.ArgumentParser(prog="lab", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default=os.environ.get("VNUMA_LAB") or os.path.join(CACHE, "running"),
                        help="where the running lab has its sockets, disk and logs (VNUMA_LAB; now %(default)s)")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    commands.add_parser("build", help="make the lab host").set_defaults(run=cmd_build)
    sub = commands.add_parser("boot", help="boot it")
    sub.add_argument("shape", nargs="?", default="2x4", choices=SHAPES, metavar="SHAPE", help=", ".join(SHAPES))
    sub.add_argument("--keep", action="store_true", help="leave it running until 'down', whoever ends")
    sub.add_argument("--owner", type=int, metavar="PID", help="end it with that process (default: who runs this)")
    sub.set_defaults(run=cmd_boot)
    sub = commands.add_parser("exec", help="run a command in it")
    sub.add_argument("-t", "--timeout", type=float, metavar="SECONDS", help="end the command after that time")
    sub.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD")
    sub.set_defaults(run=cmd_exec)
    sub = commands.add_parser("put", help="copy files in")
    sub.add_argument("file", nargs="+")
    sub.add_argument("--to", default="/root", metavar="DIR")
    sub.set_defaults(run=cmd_put)
    sub = commands.add_parser("get", help="copy a file out")
    sub.add_argument("file")
    sub.add_argument("local", nargs="?")
    sub.set_defaults(run=cmd_get)
    commands.add_parser("console", help="its serial console").set_defaults(run=cmd_console)
    sub = commands.add_parser("status", help="what runs")
    sub.add_argument("--json", action="store_true")
    sub.set_defaults(run=cmd_status)
    commands.add_parser("down", help="end it").set_defaults(run=cmd_down)
    args = parser.parse_args()
    if args.name == "exec" and not args.command:
        parser.error("exec wants a command")
    return args


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return args.run(Machine(args.dir), args)
    except BrokenPipeError:  # whoever reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except (MachineError, AgentError, OSError, subprocess.CalledProcessError) as e:
        say(e)
        return ENVIRONMENT
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
