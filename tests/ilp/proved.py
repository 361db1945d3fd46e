#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often a plan for 60 VMs on 8 nodes is proved optimal, by class of VMs: proved.py VNUMA [--cases N] [--seed N].

Classes: plain (dedicated, cells given), devices, auto (half of them of 'auto' cells), shared (a third float),
running (all have memory somewhere already, so that those left out stay).
"""
import argparse
import random
import tempfile

import compare

GIB = 1 << 20
CLASSES = ("plain", "devices", "auto", "shared", "running")


def make_host(dice, cpus):
    each = [cpus // 8 + dice.choice((-2, 0, 0, 2)) for _ in range(8)]
    nodes, siblings, at = [], [], 0
    for node, here in enumerate(each):
        nodes.append({"id": node, "cpus": f"{at}-{at + here - 1}", "memory_kib": here * 4 * GIB,
                      "free_kib": here * 4 * GIB})
        siblings += [f"{cpu},{cpu + 1}" for cpu in range(at, at + here, 2)]
        at += here
    far = [[10 if a == b else 12 if a // 2 == b // 2 else 20 if a // 4 == b // 4 else 32 for b in range(8)]
           for a in range(8)]
    return {"nodes": nodes, "siblings": siblings, "l3": [], "distances": far, "reserved": "", "shared": "",
            "devices": [{"name": f"nic{n}", "node": n} for n in (0, 2, 5)]}


def make_vm(dice, i, kind, nodes):
    vcpus = dice.choice((1, 2, 2, 3, 4, 4, 6, 8, 12))
    vm = {"name": f"vm{i}", "vcpus": vcpus, "cells": dice.choice((1, 1, 1, 2)) if vcpus > 1 else 1,
          "policy": "dedicated", "memory_kib": vcpus * dice.choice((1, 2, 4, 5)) * GIB, "threads": "prefer",
          "hugepage_kib": 0, "emulator": "share", "devices": [], "placed": None}
    if kind == "devices" and dice.random() < 0.3:
        vm["devices"] = [f"nic{dice.choice((0, 2, 5))}"]
    if kind == "auto" and dice.random() < 0.5:
        vm["cells"] = "auto"
    if kind == "shared" and dice.random() < 0.33:
        vm["policy"] = "shared"
        vm["overcommit"] = 4
    if kind == "running":
        vm["resident_kib"] = [0] * nodes
        vm["resident_kib"][dice.randrange(nodes)] = vm["memory_kib"]
    return vm


def make_problem(seed, kind):
    """From two thirds of the CPUs to a third more than there are."""
    dice = random.Random(f"{kind} {seed}")
    vms = [make_vm(dice, i, kind, 8) for i in range(60)]
    host = make_host(dice, int(sum(vm["vcpus"] for vm in vms) / dice.uniform(0.67, 1.33)) // 16 * 16 + 16)
    for vm in vms:
        for node, kib in enumerate(vm.get("resident_kib", ())):
            host["nodes"][node]["free_kib"] = max(0, host["nodes"][node]["free_kib"] - kib)
    return {"schema": "vnuma.problem/1", "host": host, "vms": vms}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vnuma")
    parser.add_argument("--cases", type=int, default=100, help="of each class")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in CLASSES:
            optimal = vcpus = distance = full = 0
            for seed in range(args.seed, args.seed + args.cases):
                made = compare.plan(args.vnuma, make_problem(seed, kind), folder)
                cost, bound = made["cost"], made["bound"]
                optimal += made["optimal"]
                vcpus += cost["placed_vcpus"] == bound["placed_vcpus"]
                distance += cost["placed_vcpus"] == bound["placed_vcpus"] and \
                    bound["distance"] > cost["distance"] - 1e-6
                full += not made["unplaced"]
            print(f"{kind}: {args.cases} plans, {optimal} optimal; vCPUs proved in {vcpus}, distance in {distance}; "
                  f"{full} with all VMs", flush=True)


if __name__ == "__main__":
    main()
