#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Captured machines (trees of /sys and /proc): each gives a host view, and a plan for a small guest or a
clear refusal. topologies.py VNUMA FOLDER; ends with 77, 'skipped', where the folder is not there."""
import glob
import json
import os
import subprocess
import sys
import tarfile
import tempfile


def run(vnuma, root, *args):
    done = subprocess.run([vnuma, "--sysroot", root, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def cpus(text):
    found = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


def check(vnuma, root):
    status, out, err = run(vnuma, root, "host", "--json")
    assert status == 0, f"host: {status}, {err}"
    host = json.loads(out)
    assert host["schema"] == "vnuma.host/1" and host["nodes"]
    owned = [cpus(node["cpus"]) for node in host["nodes"]]
    assert sum(map(len, owned)) == len(set().union(*owned)) > 0, "a CPU in two nodes, or none at all"
    assert run(vnuma, root, "host")[0] == 0
    status, out, err = run(vnuma, root, "plan", "--new", "name=small,vcpus=2,memory=64M", "--json")
    assert status in (0, 4), f"plan: {status}, {err}"
    plan = json.loads(out)
    if status == 4:
        assert plan["unplaced"][0]["blocking"], "a refusal that does not say what is missing"
        return "refused"
    pins = [int(cpu) for cpu in plan["vms"][0]["vcpupin"].values()]
    node = plan["vms"][0]["cells"][0]["node"]
    home = next(cpus(n["cpus"]) for n in host["nodes"] if n["id"] == node)
    assert len(set(pins)) == 2 and set(pins) <= home, f"pins {pins} outside node {node}"
    return f"on CPUs {pins[0]} and {pins[1]} of node {node}"


def main():
    vnuma, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    tars = sorted(glob.glob(os.path.join(folder, "*.tar.*")))
    if not tars:
        print("skipped: the captured machines are not here")
        sys.exit(77)
    bad = 0
    for path in tars:
        with tempfile.TemporaryDirectory() as scratch:
            with tarfile.open(path) as tar:
                tar.extractall(scratch, filter="tar") if hasattr(tarfile, "tar_filter") else tar.extractall(scratch)
            (name,) = os.listdir(scratch)
            try:
                print(f"{name}: {check(vnuma, os.path.join(scratch, name))}")
            except AssertionError as e:
                print(f"{name}: FAILED, {e}")
                bad += 1
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
