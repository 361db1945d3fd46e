#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The worked example: a guest of 32 vCPUs and two cells on a host of two nodes.

The host (demo:) has 40 CPUs as 20 cores of 2 threads; CPUs i and i+20 are siblings. Node 0 has 0-9 and
20-29. 0,10,20,30 are the host's own, 1,11,21,31 belong to small floating guests. db32 runs, floats over
everything, and its memory lies on the wrong nodes.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
VNUMA = os.path.abspath(sys.argv.pop(1))
FIRST_HALF = [2, 22, 3, 23, 4, 24, 5, 25, 6, 26, 7, 27, 8, 28, 9, 29]
SECOND_HALF = [12, 32, 13, 33, 14, 34, 15, 35, 16, 36, 17, 37, 18, 38, 19, 39]


def vnuma(*args, status=0):
    done = subprocess.run([VNUMA, "-c", "demo:", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.returncode == status, f"vnuma {args}: {done.returncode}, {done.stderr}"
    return done.stdout


def plan(*args):
    return json.loads(vnuma("plan", "db32", "--json", *args))


def cpus(text):
    """The kernel's list format, as a set."""
    found = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


def stored(host):
    """The stored XML of every VM in a captured host."""
    with open(host, encoding="utf-8") as f:
        return [part.split("\n[")[0] for part in f.read().split("stored_xml:")[1:]]


class WorkedExample(unittest.TestCase):
    def test_it_starts_badly(self):
        vm = json.loads(vnuma("vm", "db32", "--json"))
        self.assertEqual(len(vm["vcpus"]), 32)
        self.assertEqual({v["allowed"] for v in vm["vcpus"]}, {"0-39"}, "the vCPUs float over the host")
        there = {p["node"]: p["memory_kib"] for p in vm["cells"][0]["by_node"]}
        self.assertLess(there[0], there[1], "cell 0 has most of its memory on node 1")
        self.assertEqual([c["node"] for c in vm["cells"]], [None, None], "nobody said where the cells should be")

    def test_each_cell_gets_a_node(self):
        (vm,) = plan()["vms"]
        self.assertEqual([(c["cell"], c["node"], c["vcpus"], c["memory_kib"]) for c in vm["cells"]],
                         [(0, 0, "0-15", 16 << 20), (1, 1, "16-31", 16 << 20)])

    def test_guest_siblings_sit_on_host_siblings(self):
        (vm,) = plan()["vms"]
        pins = {int(v): int(c) for v, c in vm["vcpupin"].items()}
        self.assertEqual(pins, dict(enumerate(FIRST_HALF + SECOND_HALF)))

    def test_memory_is_strict_cell_by_cell(self):
        domain = ET.fromstring(vnuma("plan", "db32", "--xml"))
        tune = domain.find("numatune")
        self.assertEqual(tune.find("memory").attrib, {"mode": "strict", "nodeset": "0-1"})
        self.assertEqual([n.attrib for n in tune.findall("memnode")],
                         [{"cellid": "0", "mode": "strict", "nodeset": "0"},
                          {"cellid": "1", "mode": "strict", "nodeset": "1"}])

    def test_the_guest_sees_its_siblings(self):
        domain = ET.fromstring(vnuma("plan", "db32", "--xml"))
        topology = domain.find("cpu/topology")
        self.assertEqual(topology.get("threads"), "2")
        self.assertEqual(int(topology.get("sockets")) * int(topology.get("cores")) * 2, 32)

    def test_the_emulator_keeps_off_the_vcpus_when_asked(self):
        (vm,) = plan("--emulator", "0,20")["vms"]
        self.assertEqual(vm["emulatorpin"], "0,20")
        self.assertFalse(cpus(vm["emulatorpin"]) & {int(c) for c in vm["vcpupin"].values()})
        domain = ET.fromstring(vnuma("plan", "db32", "--xml", "--emulator", "0,20"))
        self.assertEqual(domain.find("cputune/emulatorpin").get("cpuset"), "0,20")

    def test_nobody_gets_what_is_the_hosts_or_the_floating_guests(self):
        (vm,) = plan()["vms"]
        self.assertFalse({int(c) for c in vm["vcpupin"].values()} & {0, 10, 20, 30, 1, 11, 21, 31})

    def test_planning_twice_gives_the_same_bytes(self):
        self.assertEqual(vnuma("plan", "db32", "--json"), vnuma("plan", "db32", "--json"))

    @unittest.skipUnless(os.path.exists(SCHEMA) and shutil.which("xmllint"), "no libvirt schema or xmllint here")
    def test_libvirts_schema_accepts_the_xml(self):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as f:
            f.write(vnuma("plan", "db32", "--xml"))
            f.flush()
            subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, f.name], check=True, stderr=subprocess.PIPE)

    @unittest.skipUnless(shutil.which("virsh"), "no virsh here")
    def test_virsh_defines_the_xml(self):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as f:
            # libvirt's test driver takes no type but its own; the rest is as printed
            f.write(vnuma("plan", "db32", "--xml").replace("type='kvm'", "type='test'").replace('type="kvm"', 'type="test"'))
            f.flush()
            done = subprocess.run(["virsh", "-c", "test:///default", f"define {f.name}; dumpxml --inactive db32"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("<vcpupin vcpu='31' cpuset='39'/>", done.stdout)
        self.assertIn("<memnode cellid='1' mode='strict' nodeset='1'/>", done.stdout)

    def test_apply_verify_undo(self):
        with tempfile.TemporaryDirectory() as scratch:
            host = os.path.join(scratch, "demo.host")
            state = os.path.join(scratch, "state")
            with open(host, "w", encoding="utf-8") as f:
                f.write(vnuma("capture", "-"))
            before = stored(host)

            def on_copy(*args, status=0):
                done = subprocess.run([VNUMA, "-c", "replay:" + host, "--state", state, *args], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(done.returncode, status, f"{args}: {done.stdout}{done.stderr}")
                return done.stdout

            on_copy("apply", "--write", "db32")
            on_copy("verify", "db32")
            self.assertEqual(json.loads(on_copy("plan", "db32", "--json"))["steps"], [], "a second plan has no steps")
            on_copy("undo", "--write", "--memory")
            self.assertEqual(json.loads(on_copy("history", "--json"))["applies"][0]["state"], "undone")
            self.assertEqual(stored(host), before, "undo gave back every byte of the stored configuration")
            vm = json.loads(on_copy("vm", "db32", "--json"))
            self.assertEqual({v["allowed"] for v in vm["vcpus"]}, {"0-39"}, "the vCPUs float again")
            self.assertGreater(vm["cells"][0]["by_node"][1]["memory_kib"], 12 << 20, "and the memory is back")


if __name__ == "__main__":
    unittest.main()
