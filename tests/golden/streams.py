#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes where: stdout, stderr, files, colours, the environment, and the doors."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

VNUMA = os.path.abspath(sys.argv.pop(1))
HERE = os.path.dirname(os.path.abspath(__file__))


class Streams(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name

    def run_vnuma(self, *args, status=0, stdout=subprocess.PIPE, env=None, text=""):
        clean = {k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "PATH"))}
        done = subprocess.run([VNUMA, "--state", self.path("state"), *args], input=text, stdout=stdout,
                              stderr=subprocess.PIPE, text=True, env={**clean, "LC_ALL": "C.UTF-8", **(env or {})},
                              check=False)
        self.assertEqual(done.returncode, status, f"{args}: {done.stdout}{done.stderr}")
        return done

    def path(self, name):
        return os.path.join(self.dir, name)

    def demo_copy(self):
        self.run_vnuma("-c", "demo:", "capture", self.path("demo.host"))
        return "replay:" + self.path("demo.host")

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_is_an_error(self):
        for args in (["host"], ["--json", "vm"], ["capture", "-"], ["capture", "/dev/full"], ["plan", "db32"], ["help"],
                     ["plan", "db32", "--xml"], ["completion"], ["version"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = self.run_vnuma("-c", "demo:", *args, stdout=full, status=3)
            self.assertIn("No space left", done.stderr, args)

    def test_a_reader_that_goes_away_is_told_nothing(self):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as gone:
            done = subprocess.run([VNUMA, "-c", "demo:", "capture", "-"], stdout=gone, stderr=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stderr), (3, b""))

    def test_json_that_fails_leaves_stdout_empty(self):
        for args, status in ((["vm", "nobody"], 2), (["apply", "db32", "--reserve", "0-39"], 4),
                             (["plan", "--problem", "/nonexistent"], 2), (["undo"], 2)):
            done = self.run_vnuma("-c", "demo:", "--json", *args, status=status)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr.startswith("vnuma: "), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_plan_that_leaves_a_vm_out_is_still_printed(self):
        done = self.run_vnuma("-c", "demo:", "--json", "plan", "db32", "--cells", "1", status=4)
        self.assertEqual(json.loads(done.stdout)["unplaced"][0]["name"], "db32")

    def test_colour_only_where_asked(self):
        plan = ["-c", "demo:", "plan", "db32"]
        self.assertNotIn("\033", self.run_vnuma(*plan).stdout)
        self.assertIn("\033[32m+", self.run_vnuma("--color=always", *plan).stdout)
        self.assertIn("\033[32m+", self.run_vnuma(*plan, "--color=always", env={"NO_COLOR": "1"}).stdout)
        self.assertNotIn("\033", self.run_vnuma("--color=always", *plan, "--json").stdout)

    def test_the_uri_of_the_environment(self):
        done = self.run_vnuma("vm", env={"LIBVIRT_DEFAULT_URI": "demo:"})
        self.assertIn("db32", done.stdout)

    def test_global_options_before_and_after(self):
        before = self.run_vnuma("-c", "demo:", "--json", "vm").stdout
        self.assertEqual(before, self.run_vnuma("vm", "--json", "--connect=demo:").stdout)

    def test_a_saved_plan(self):
        door = self.demo_copy()
        saved = self.path("plan.json")
        self.run_vnuma("-c", door, "plan", "db32", "-o", saved)
        printed = self.run_vnuma("-c", door, "plan", "db32", "--json").stdout
        with open(saved, encoding="utf-8") as f:
            self.assertEqual(f.read(), printed)
        self.run_vnuma("-c", door, "apply", saved, "--dry-run")
        self.run_vnuma("-c", door, "apply", saved, "--cells", "2", status=2)
        self.run_vnuma("-c", door, "apply", saved, "--write")
        self.run_vnuma("-c", door, "apply", saved, "--write", status=4)  # made for another state
        self.run_vnuma("-c", door, "verify", "db32")

    def test_config_is_a_file_or_a_scope(self):
        with open(self.path("vnuma.conf"), "w", encoding="utf-8") as f:
            f.write("[host]\nreserve = 0-9,20-29\n")
        config = self.path("vnuma.conf")
        for args in (["--config", config, "plan", "db32"], ["plan", "db32", "--config=" + config]):
            self.run_vnuma("-c", "demo:", *args, status=4)
        done = self.run_vnuma("-c", "demo:", "plan", "db32", "--config", "--json")
        self.assertEqual({s["kind"] for s in json.loads(done.stdout)["steps"]}, {"define"})
        done = self.run_vnuma("-c", "demo:", "plan", "db32", "--live", "--json")
        self.assertNotIn("define", {s["kind"] for s in json.loads(done.stdout)["steps"]})

    def test_a_problem_from_stdin(self):
        host = json.loads(self.run_vnuma("-c", "demo:", "host", "--json").stdout)
        self.assertEqual(host.pop("schema"), "vnuma.host/1")
        problem = {"schema": "vnuma.problem/1", "host": host, "vms": [{"name": "x", "vcpus": 2, "memory_kib": 1 << 20}]}
        done = self.run_vnuma("plan", "--problem", "-", "--json", text=json.dumps(problem))
        self.assertEqual([v["name"] for v in json.loads(done.stdout)["vms"]], ["x"])
        self.run_vnuma("plan", "--problem", "-", "--reserve", "0-39", text=json.dumps(problem), status=4)

    def test_a_replay_without_write_forgets_and_says_so(self):
        door = self.demo_copy()
        with open(self.path("demo.host"), "rb") as f:
            before = f.read()
        done = self.run_vnuma("-c", door, "apply", "db32")
        self.assertIn("Nothing was kept", done.stdout)
        self.assertIn("--write", done.stdout)
        with open(self.path("demo.host"), "rb") as f:
            self.assertEqual(f.read(), before)

    def test_killed_in_the_middle_and_mended(self):
        for point, state, allowed in (("begun 3", "undone", {"0-39"}), ("did 20", "undone", {"0-39"}), ("end", "done", None)):
            with self.subTest(point):
                door = self.demo_copy()
                shutil.rmtree(self.path("state"), ignore_errors=True)
                self.run_vnuma("-c", door, "apply", "--write", "db32", env={"VNUMA_TEST_KILL_AT": point},
                               status=-signal.SIGKILL)
                looked = self.run_vnuma("-c", door, "history", "--json")
                self.assertEqual(json.loads(looked.stdout)["applies"][0]["state"], "running")
                mended = self.run_vnuma("-c", door, "history", "--write", "--json")
                self.assertIn("was interrupted", mended.stderr)
                self.assertEqual(json.loads(mended.stdout)["applies"][0]["state"], state)
                vm = json.loads(self.run_vnuma("-c", door, "vm", "db32", "--json").stdout)
                now = {v["allowed"] for v in vm["vcpus"]}
                self.assertEqual(now, allowed) if allowed else self.assertEqual(len(now), 32)

    def test_every_command_has_help(self):
        words = [line.split()[0] for line in self.run_vnuma("help").stdout.split("Commands\n")[1].split("\n\n")[0].splitlines()
                 if line.startswith("  ") and line[2] != " "]
        self.assertIn("plan", words)
        for word in words:
            asked = self.run_vnuma(word, "--help").stdout
            self.assertEqual(asked, self.run_vnuma("help", word).stdout)
            self.assertTrue(asked.startswith("Usage: vnuma " + word))
            self.assertIn("Exit status", asked)
            self.assertFalse([line for line in asked.splitlines() if len(line) > 100], word)

    def test_the_manual_page_has_every_option(self):
        page = self.run_vnuma("help", "--man").stdout.replace("\\-", "-")
        for word in ("plan", "apply", "undo", "capture", "host"):
            for line in self.run_vnuma("help", word).stdout.splitlines():
                if line.startswith("      --") or line.startswith("  -o"):
                    option = line.split("--")[1].split()[0]
                    self.assertIn("--" + option, page)
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-ww", "-z"], input=self.run_vnuma("help", "--man").stdout, text=True,
                                  stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.stderr, "")

    @unittest.skipUnless(shutil.which("bash"), "no bash here")
    def test_the_completion(self):
        script = self.run_vnuma("completion").stdout
        with open(self.path("completion"), "w", encoding="utf-8") as f:
            f.write(script)
        done = subprocess.run(["bash", "-c", f". {self.path('completion')}; COMP_WORDS=(vnuma plan --ce); COMP_CWORD=2; "
                               "_vnuma; echo ${COMPREPLY[@]}"], stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(done.stdout.strip(), "--cells")

    @unittest.skipUnless(shutil.which("xmllint"), "no xmllint here")
    def test_the_drawing_is_xml(self):
        self.run_vnuma("-c", "demo:", "host", "--svg", self.path("host.svg"))
        subprocess.run(["xmllint", "--noout", self.path("host.svg")], check=True)
        with open(self.path("host.svg"), encoding="utf-8") as f:
            self.assertIn("db32: 32 vCPUs, 32 GiB", f.read())

    def test_expected_files_are_not_written_in_ci(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), VNUMA], stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "CI": "1", "VNUMA_REGEN": "1"}, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("refused in CI", done.stderr)


if __name__ == "__main__":
    unittest.main()
