# SPDX-License-Identifier: MIT
"""Boots a lab, once for each shape from scratch, then from the saved state of that.

A saved state is the machine's memory and devices (a migration stream) beside the disk as it was
then (a qcow2 on the image). Both are only read: several labs may start from one state at once,
and one that is killed spoils nothing.
"""
import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import time

from agent import Agent, AgentError
from machine import MachineError
from progress import ticking
from shapes import SHAPES

KERNEL = ("root=/dev/vda rw console=ttyS0 quiet panic=-1 net.ifnames=0 nowatchdog "
          "systemd.unified_cgroup_hierarchy=1 clocksource=tsc tsc=reliable")
# What has to answer before tests come: all units are up, libvirtd knows what its QEMU can.
READY = "systemctl is-system-running --wait; virsh -q domcapabilities >/dev/null && virsh -q nodeinfo && sync"


def arguments(image, shape, disk):
    return ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none",
            "-accel", "tcg,thread=multi", *shape.qemu(),
            "-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd.gz", "-append", KERNEL,
            "-drive", f"file={disk},if=virtio,format=qcow2,cache=unsafe", "-device", "virtio-rng-pci",
            "-serial", "chardev:console",
            "-device", "virtio-serial", "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]


def overlay(path, backing, backing_format):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing, "-F", backing_format, path], check=True,
                   stdout=subprocess.DEVNULL, cwd=os.path.dirname(path))


def state_directory(image, cache, name, shape):
    """A state fits one QEMU and one machine only; the name tells them all. Beside an image of somebody else's."""
    states = f"{image}/states" if os.access(image, os.W_OK) else f"{cache}/states-{os.path.basename(image)}"
    version = subprocess.run(["qemu-system-x86_64", "--version"], check=True, capture_output=True).stdout
    key = hashlib.sha256(version + shlex.join(arguments("", shape, "")).encode() + READY.encode()).hexdigest()
    return f"{states}/{name}-{key[:12]}"


def seconds_to_boot(shape):
    """How long a boot may take: by far more than on two cores that have nothing else to do."""
    return 180 + 40 * sum(shape.cpus)


def boot_cold(machine, image, name, shape, owner):
    overlay(machine.path("disk.qcow2"), f"{image}/disk.img", "raw")
    machine.start(arguments(image, shape, machine.path("disk.qcow2")), owner, {"shape": name, "image": image})
    agent = Agent(machine.dir)
    agent.wait(seconds_to_boot(shape), machine.running)
    said = []
    if agent.run(READY, said.append, said.append, timeout=seconds_to_boot(shape)):
        raise MachineError(f"the lab came up without libvirt: {b''.join(said).decode(errors='replace').strip()}")


def save(machine, directory):
    """Stops the machine, and keeps its memory and its disk."""
    scratch = f"{directory}.making-{os.getpid()}"
    os.makedirs(scratch)
    try:
        with machine.monitor(300) as monitor:
            monitor.call("stop")
            monitor.call("migrate-set-parameters", **{"max-bandwidth": 10 << 30})
            monitor.call("migrate", uri="exec:cat >" + shlex.quote(f"{scratch}/memory"))
            monitor.wait_for("query-migrate", ["completed"], ["failed", "cancelled"], 300)
        machine.stop()
        shutil.move(machine.path("disk.qcow2"), f"{scratch}/disk.qcow2")
        os.rename(scratch, directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def restore(machine, image, name, shape, directory, owner):
    overlay(machine.path("disk.qcow2"), f"{directory}/disk.qcow2", "qcow2")
    machine.start(arguments(image, shape, machine.path("disk.qcow2")), owner, {"shape": name, "image": image},
                  state=f"{directory}/memory")
    with machine.monitor(60) as monitor:
        monitor.wait_for("query-status", ["paused"], ["internal-error", "shutdown"], 60)  # as it was saved
        monitor.call("cont")
    agent = Agent(machine.dir)
    agent.wait(60, machine.running)
    set_clock(agent)


def set_clock(agent):
    """A restored machine believes that it is still the time at which it was saved."""
    said = []
    if agent.run(f"date -s @{time.time():.3f}", said.append, said.append):
        raise AgentError(f"the lab's clock could not be set: {b''.join(said).decode(errors='replace').strip()}")


@contextlib.contextmanager
def only_one(directory):
    """Makes others wait that want the same state."""
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    with open(f"{directory}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def boot(machine, image, cache, name, owner, say):
    """Boots the shape; from its saved state where there is one, which is made where not."""
    shape = SHAPES[name]
    directory = state_directory(image, cache, name, shape)
    machine.prepare()
    if not os.path.isdir(directory):
        with only_one(directory):
            if not os.path.isdir(directory):
                say(f"first boot of the shape '{name}' from this image, to save its state; later ones take seconds")
                with ticking("booting"):
                    boot_cold(machine, image, name, shape, owner)
                with ticking("saving its state"):
                    save(machine, directory)
    restore(machine, image, name, shape, directory, owner)
