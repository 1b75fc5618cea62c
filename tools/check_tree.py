#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check what every folder and file must have.

A README.md in each folder of code, the SPDX line at the top of each file, a place in a build list
for each C file, and a name that says something. Run as `tools/check_tree.py [root]`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import check_layers

SPDX = "SPDX-License-Identifier: Apache-2.0"
COMMENT = {".c": "// ", ".h": "// ", ".py": "# ", ".pyi": "# "}
CODE = ("include", "src", "python", "tests", "tools", "examples", "benchmarks")
VAGUE = {"util", "utils", "common", "misc", "helpers"}
SKIPPED = {"__pycache__", "build", "node_modules"}


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of code below `folder`, sorted."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name not in SKIPPED and not path.name.startswith("."):
                yield from files(path)
            elif path.suffix in COMMENT:
                yield path


def check_spdx(file: Path) -> Iterator[str]:
    """Yield a sentence unless the first line (after `#!`) is the licence's."""
    lines = file.read_text().splitlines()[:2]
    if lines and lines[0].startswith("#!"):
        del lines[0]
    expected = COMMENT[file.suffix] + SPDX
    if not lines or lines[0] != expected:
        yield f'the first line must be "{expected}"'


def check_listed(file: Path, root: Path) -> Iterator[str]:
    """Yield a sentence unless a meson.build above a C file names it (a test without `.c`)."""
    is_test = file.is_relative_to(root / "tests") and file.stem.startswith("test_")
    path = file.with_suffix("") if is_test else file
    for folder in file.parents:
        build = folder / "meson.build"
        if build.is_file():
            name = path.relative_to(folder).as_posix()
            if re.search(rf"^[^#\n]*'{re.escape(name)}'", build.read_text(), re.MULTILINE):
                return
        if folder == root:
            break
    yield "is in no meson.build: nothing compiles it"


def check_readmes(root: Path) -> Iterator[str]:
    """Yield a sentence for each folder of code without a README.md."""
    src, package = root / "src", root / "python" / "sabot"
    folders = {src / name for name in check_layers.ARROWS if any(files(src / name))}
    folders |= {path for path in package.glob("*/") if any(files(path))}
    for folder in sorted(folders):
        if not (folder / "README.md").is_file():
            yield f"{folder.relative_to(root)}/README.md: is missing"


def check(root: Path) -> list[str]:
    """Return a sentence for each thing missing below `root`."""
    root = root.resolve()
    problems = list(check_readmes(root))
    for area in CODE:
        for file in files(root / area):
            name = file.relative_to(root)
            found = list(check_spdx(file))
            if file.suffix == ".c" and area in ("src", "python", "tests"):
                found += check_listed(file, root)
            if file.stem in VAGUE or file.parent.name in VAGUE:
                found.append("the name must say what is inside: one noun, not a drawer")
            problems += [f"{name}:1: {sentence}" for sentence in found]
    return problems


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
