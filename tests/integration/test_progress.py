# SPDX-License-Identifier: Apache-2.0
"""Progress is shown on a terminal, for runs that take a while, and nowhere else."""

import os
import pty
import subprocess
import sys

LONG = """
import threading
from pipelines import line
shown = threading.Event()

def numbers():
    for n in range(3):
        yield {"n": n}
    shown.wait(SECONDS)

line({"data": numbers, "bounded": False}, sink={"discard": True}, mode="streaming").run()
print("done")
"""


def run_on_terminal(program):
    """Return what a program writes to its terminal as standard error, and its output."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=child,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"},
    )
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 65_536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(parent)
    output, _ = process.communicate(timeout=30)
    return shown.decode(), output


def test_long_run_shows_its_sources():
    shown, output = run_on_terminal(LONG.replace("SECONDS", "1.5"))
    assert "src" in shown
    assert "rows/s" in shown
    assert output == "done\n"


def test_short_run_shows_nothing():
    shown, output = run_on_terminal(LONG.replace("SECONDS", "0"))
    assert (shown, output) == ("", "done\n")


def test_pipe_shows_nothing():
    done = subprocess.run(
        [sys.executable, "-c", LONG.replace("SECONDS", "1.5")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert (done.stderr, done.stdout) == ("", "done\n")
