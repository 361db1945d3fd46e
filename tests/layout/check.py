#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the rooms of ARCHITECTURE.md: who may include whom, that every header compiles alone, and
that the pure rooms call nothing that reads, prints, asks the environment or looks at the clock.

usage: check.py includes SOURCE-ROOT
       check.py headers SOURCE-ROOT CC...
       check.py pure ARCHIVE...
"""
import pathlib
import re
import subprocess
import sys

# room -> what it may include besides itself
ROOMS = {
    "base": [],
    "model": ["base"],
    "planner": ["base", "model"],
    "doctor": ["base", "model"],
    "port": ["base", "model"],
    "codec": ["base", "model"],
    "io": ["base", "model", "codec", "port"],
    "app": ["base", "model", "planner", "doctor", "codec", "port"],
    "view": ["base", "model"],
    "cli": None,  # all
    "daemon": None,
    "bench": ["base"],
}
# header in include/vnuma -> the room it belongs to
PUBLIC = {
    "defs": "base", "err": "base", "arena": "base", "buf": "base", "set": "base", "units": "base", "rate": "base",
    "shell": "base",
    "host": "model", "policy": "model", "vm": "model", "snapshot": "model", "problem": "model",
    "plan": "model", "finding": "model", "stat": "model",
    "planner": "planner", "doctor": "doctor",
}
# libraries of others -> the rooms that may use them
VENDORS = {
    "libxml/": ["codec"],
    "jansson.h": ["codec", "view"],
    "libsmartcols/": ["view"],
    "libvirt/": ["io"],
    "hwloc": ["io"],
    "ini.h": ["io"],
    "sqlite3.h": ["io"],
}
PURE = ["base", "model", "planner", "doctor", "port", "codec"]
# what a pure room may ask of libc
PURE_LIBC = {
    "assert.h", "ctype.h", "errno.h", "float.h", "fnmatch.h", "inttypes.h", "limits.h", "math.h", "stdarg.h",
    "stdatomic.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "sys/types.h",
}
FORBIDDEN = {
    # files and descriptors
    "fopen", "fopen64", "fdopen", "freopen", "fclose", "fread", "fwrite", "fgets", "getline", "getdelim", "open",
    "open64", "openat", "openat64", "creat", "close", "read", "__read_chk", "write", "pread", "pwrite", "mmap",
    "mmap64", "opendir", "readdir", "readdir64", "stat", "stat64", "lstat", "fstat", "access", "unlink", "rename",
    "mkdir", "ioctl", "socket", "connect", "popen", "tmpfile", "realpath", "readlink",
    # printing
    "printf", "fprintf", "vprintf", "vfprintf", "dprintf", "puts", "fputs", "putchar", "putc", "fputc", "perror",
    "syslog", "__printf_chk", "__fprintf_chk", "__vprintf_chk", "__vfprintf_chk", "stdout", "stderr", "stdin",
    # environment, locale, processes
    "getenv", "secure_getenv", "setenv", "putenv", "environ", "setlocale", "system", "fork", "vfork", "execve",
    "execvp", "exit", "_exit", "_Exit", "abort", "kill", "raise", "signal", "sigaction", "getpid", "gethostname",
    "sysconf", "getpagesize", "syscall",
    # clocks and chance
    "time", "clock", "clock_gettime", "gettimeofday", "localtime", "localtime_r", "sleep", "usleep", "nanosleep",
    "rand", "srand", "random", "srandom", "drand48", "getrandom",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of_include(own, kind, name, path):
    """The room that an include leads to; None for a header of libc or of a vendor."""
    if name.startswith("vnuma/"):
        return PUBLIC.get(pathlib.PurePath(name).stem, "unknown header " + name)
    if kind == "<":
        return None
    first = name.split("/")[0]
    if "/" in name:
        return first if first in ROOMS else "unknown room in " + name
    return own if (path.parent / name).exists() or name.endswith(".inc") else "unknown header " + name


def vendor_of(name):
    for prefix in VENDORS:
        if name.startswith(prefix):
            return prefix
    return None


def check_include(own, kind, name, path):
    room = room_of_include(own, kind, name, path)
    if room is not None:
        allowed = ROOMS[own]
        if room.startswith("unknown"):
            return f"{room}: add it to the table of this check"
        if allowed is not None and room != own and room not in allowed:
            return f"{own} may not include {room} ({name})"
        return None
    vendor = vendor_of(name)
    if vendor and own not in VENDORS[vendor]:
        return f"{own} may not use <{name}>"
    if not vendor and own in PURE and name not in PURE_LIBC:
        return f"{own} is pure and may not use <{name}>"
    return None


def includes(root):
    problems, seen = [], 0
    files = [(PUBLIC.get(p.stem), p) for p in sorted((root / "include/vnuma").glob("*.h"))]
    files += [(p.relative_to(root / "src").parts[0], p) for p in sorted((root / "src").rglob("*.[ch]"))]
    for own, path in files:
        if own not in ROOMS:
            problems.append(f"{path}: belongs to no room; add it to the table of this check")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            problem = check_include(own, match[1], match[2], path) if match else None
            seen += match is not None
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    if not seen:
        problems.append("no include was found: is this the source root?")
    return problems


def vendor_flags():
    names = ["libxml-2.0", "jansson", "smartcols", "libvirt", "hwloc", "inih", "sqlite3"]
    done = subprocess.run(["pkg-config", "--cflags", *names], capture_output=True, text=True, check=True)
    return done.stdout.split()


def headers(root, compiler):
    problems = []
    strict = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c", "-"]
    public = sorted((root / "include/vnuma").glob("*.h"))
    # the public ones are plain C11: without our own feature macros and without any other library
    jobs = [(p, [f"-I{root}/include"]) for p in public]
    flags = ["-D_GNU_SOURCE", f"-I{root}/include", f"-I{root}/src", *vendor_flags()]
    jobs += [(p, flags) for p in sorted((root / "src").rglob("*.h"))]
    for path, flags in jobs:
        unit = f'#include "{path}"\ntypedef int layout_not_empty;\n'
        done = subprocess.run([*compiler, *strict, *flags], input=unit, capture_output=True, text=True)
        if done.returncode:
            problems.append(f"{path} does not compile alone:\n{done.stderr}")
    if not public:
        problems.append("no header was found: is this the source root?")
    return problems


def pure(archives):
    problems, seen = [], 0
    for archive in archives:
        done = subprocess.run(["nm", "-u", "-A", archive], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            words = line.split()
            symbol = words[-1].split("@")[0]
            seen += 1
            if symbol in FORBIDDEN or symbol.startswith("pthread_"):
                problems.append(f"{words[0].rstrip(':')} calls {symbol}")
    if not seen:
        problems.append("no symbol was found: are these archives?")
    return problems


def main(args):
    if len(args) < 2 or args[0] not in ("includes", "headers", "pure"):
        sys.exit(__doc__)
    if args[0] == "includes":
        problems = includes(pathlib.Path(args[1]))
    elif args[0] == "headers":
        problems = headers(pathlib.Path(args[1]), args[2:] or ["cc"])
    else:
        problems = pure(args[1:])
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
