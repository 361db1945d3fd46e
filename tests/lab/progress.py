# SPDX-License-Identifier: MIT
"""Tells a person at a terminal that something goes on, and for how long."""
import contextlib
import sys
import threading
import time


@contextlib.contextmanager
def ticking(text):
    """While it lasts, '<text> 12 s' in the last line of a terminal's standard error."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=tick, args=(text, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def tick(text, over):
    start = time.monotonic()
    while not over.wait(1):
        print(f"\rlab: {text} {time.monotonic() - start:.0f} s ", end="", file=sys.stderr, flush=True)
    print("\r\033[K", end="", file=sys.stderr, flush=True)
