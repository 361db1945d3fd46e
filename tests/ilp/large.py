#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a plan for 400 VMs on 2,048 CPUs takes, and how near its bound it comes: large.py VNUMA.

Exit 1 when more than 2 % of the vCPUs that the bound allows are left out.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

GIB, CPUS, VMS = 1 << 20, 2048, 400


def make_problem(n, seed):
    dice, each = random.Random(seed), CPUS // n
    nodes = [{"id": i, "cpus": f"{i * each}-{i * each + each - 1}", "memory_kib": each * 4 * GIB,
              "free_kib": each * 4 * GIB} for i in range(n)]
    far = [[10 if a == b else 12 if a // 4 == b // 4 else 20 if a // 8 == b // 8 else 32 for b in range(n)]
           for a in range(n)]
    vms = []
    for i in range(VMS):
        vcpus = dice.choice((1, 2, 4, 4, 8, 8, 16))
        vms.append({"name": f"vm{i}", "vcpus": vcpus, "cells": dice.choice((1, 1, 1, 2)) if vcpus > 1 else 1,
                    "policy": "dedicated", "memory_kib": vcpus * dice.choice((2, 4, 4, 6)) * GIB, "threads": "prefer",
                    "hugepage_kib": 0, "emulator": "share", "devices": [], "placed": None})
    return {"schema": "vnuma.problem/1", "vms": vms,
            "host": {"nodes": nodes, "siblings": [f"{cpu},{cpu + 1}" for cpu in range(0, CPUS, 2)],
                     "l3": [f"{cpu}-{cpu + 15}" for cpu in range(0, CPUS, 16)], "distances": far, "reserved": "",
                     "shared": "", "devices": []}}


def main():
    short = False
    with tempfile.TemporaryDirectory() as folder:
        for n in (16, 32, 64):
            path = os.path.join(folder, "problem.json")
            with open(path, "w", encoding="ascii") as file:
                json.dump(make_problem(n, n), file)
            start, used = time.monotonic(), os.times().children_user
            got = subprocess.run([sys.argv[1], "plan", "--problem", path, "--all", "--json"], stdout=subprocess.PIPE,
                                 check=False)
            took, used = time.monotonic() - start, os.times().children_user - used
            plan = json.loads(got.stdout)
            placed, bound = plan["cost"]["placed_vcpus"], plan["bound"]["placed_vcpus"]
            print(f"{n} nodes, {CPUS} CPUs, {VMS} VMs: {took:.2f} s ({used:.2f} s of CPU time), {placed} vCPUs placed, "
                  f"bound {bound}; distance {plan['cost']['distance']:.2f}, bound {plan['bound']['distance']:.2f}",
                  flush=True)
            short = short or placed < 0.98 * bound
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 2 else __doc__)
