#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that each C header compiles alone, and twice.

Run as `tools/check_headers.py [root]`; CC names the compiler (gcc). Headers of the extension find
the Python.h of the running interpreter.
"""

import os
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
FLAGS += ["-Wno-unused-parameter"]
AREAS = ("include", "src", "tests/c", "python/sabot/_core")


def libraries() -> list[str]:
    """Return the flags that the engine's libraries ask for."""
    found = subprocess.run(
        ["pkg-config", "--cflags", "jansson"], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def check_header(root: Path, header: Path, flags: list[str]) -> list[str]:
    """Return what the compiler says about a file that includes `header` twice."""
    line = f'#include "{header}"\n'
    run = subprocess.run(
        [os.environ.get("CC", "gcc"), *FLAGS, *flags, "-x", "c", "-"],
        input=line * 2,
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    if run.returncode == 0:
        return []
    return [f"{header.relative_to(root)}:1: does not compile alone", run.stderr.rstrip()]


def check(root: Path) -> list[str]:
    """Return the complaints about each header below `root` that does not stand alone."""
    root = root.resolve()
    headers = sorted(path for area in AREAS for path in (root / area).rglob("*.h"))
    flags = [f"-I{root / area}" for area in ("include", "src", "tests/c")]
    flags += [f"-isystem{sysconfig.get_path('include')}", *libraries()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda header: check_header(root, header, flags), headers)
        return [line for lines in found for line in lines]


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
