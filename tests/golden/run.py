#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recorded hosts x commands x {text, JSON} against tests/golden/expected, a file a case.

run.py VNUMA         compares; a difference fails and is shown
VNUMA_REGEN=1        writes the expected files anew, to be read with 'git diff' (refused in CI)
"""
import difflib
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPECTED = os.path.join(HERE, "expected")


def listed():
    """cases.txt: a name, then the command line as one would type it, perhaps behind a width as COLUMNS=80."""
    with open(os.path.join(HERE, "cases.txt"), encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if line and not line.startswith("#"):
                name, _, command = line.partition(" ")
                yield name, shlex.split(command)


def matrix():
    """Every recorded host by every command that shows one, as text and as JSON."""
    for path in sorted(glob.glob(os.path.join(ROOT, "examples/hosts/*.host"))):
        host = "host-" + os.path.splitext(os.path.basename(path))[0]
        door = ["-c", "replay:examples/hosts/" + os.path.basename(path)]
        for command in ("host", "vm", "verify", "plan"):
            yield f"{host}-{command}", door + [command]
            yield f"{host}-{command}-json", door + ["--json", command]
        yield f"{host}-capture", door + ["capture", "-"]
        yield f"{host}-capture-anonymize", door + ["capture", "--anonymize", "-"]
    for path in sorted(glob.glob(os.path.join(ROOT, "examples/problems/*.json"))):
        problem = os.path.splitext(os.path.basename(path))[0]
        command = ["plan", "--problem", "examples/problems/" + os.path.basename(path)]
        yield f"problem-{problem}", command
        yield f"problem-{problem}-json", command + ["--json"]


def environment(scratch, columns):
    kept = {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "PATH"))}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", "COLUMNS": columns, "HOME": scratch}


def split_width(args):
    """The COLUMNS of a case ("" where it has none), and its arguments."""
    if args and args[0].startswith("COLUMNS="):
        return args[0].partition("=")[2], args[1:]
    return "", args


def run(vnuma, args, scratch):
    config = os.path.join(scratch, "vnuma.conf")
    width, args = split_width(args)
    done = subprocess.run([vnuma, "--config", config, "--state", os.path.join(scratch, "state")] + args, cwd=ROOT,
                          env=environment(scratch, width or "100"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def is_document(text):
    """A JSON document whose first member is its schema."""
    document = json.loads(text)
    first = next(iter(document.items()))
    return first[0] == "schema" and first[1].startswith("vnuma.") and text.endswith("}\n")


def as_text(args, status, out, err):
    width, args = split_width(args)
    text = f"$ {width and 'COLUMNS=' + width + ' '}vnuma " + shlex.join(args) + "\n" + out
    if err:
        text += "--- stderr\n" + err
    return text + f"--- exit {status}\n"


def check(name, text, regen):
    path = os.path.join(EXPECTED, name + ".txt")
    if regen:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return True
    try:
        with open(path, encoding="utf-8") as f:
            expected = f.read()
    except FileNotFoundError:
        expected = ""
    if text == expected:
        return True
    print(f"not as expected: {name}")
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), text.splitlines(True), "expected", "now"))
    return False


def main():
    vnuma = os.path.abspath(sys.argv[1])
    regen = os.environ.get("VNUMA_REGEN") == "1"
    if regen and os.environ.get("CI"):
        sys.exit("golden: VNUMA_REGEN is refused in CI: expected files are written by people who read them")
    cases = list(listed()) + list(matrix())
    names = [name for name, _ in cases]
    bad = [f"two cases are called {n}" for n in sorted(set(names)) if names.count(n) > 1]
    for name, args in cases:
        with tempfile.TemporaryDirectory() as scratch:
            open(os.path.join(scratch, "vnuma.conf"), "w", encoding="utf-8").close()
            status, out, err = run(vnuma, args, scratch)
            text = as_text(args, status, out, err).replace(scratch, "SCRATCH").replace(ROOT, "ROOT")
        if not check(name, text, regen):
            bad.append(name)
        if "--json" in args and out and not is_document(out):
            bad.append(name + ": no document with a schema")
        if "Sanitizer" in err or "runtime error" in err or status < 0:
            bad.append(name + f": crashed, {status}: {err}")
    for path in glob.glob(os.path.join(EXPECTED, "*.txt")):
        if os.path.splitext(os.path.basename(path))[0] not in names:
            if regen:
                os.unlink(path)
            else:
                bad.append(os.path.basename(path) + ": belongs to no case")
    print(f"{len(cases)} cases, {len(bad)} bad" if bad else f"{len(cases)} cases as expected")
    for line in bad:
        print("  " + line)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
