#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check what every folder and file must have.

A README.md in each folder of code, the SPDX line at the top of each file, a place in a build list
for each C file, memory that is refused in each C test, and a name that says something. Run as
`tools/check_tree.py [root]`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import check_layers

SPDX = "SPDX-License-Identifier: Apache-2.0"
COMMENT = {".c": "// ", ".h": "// ", ".py": "# ", ".pyi": "# "}
CODE = ("include", "src", "python", "tests", "tools", "examples", "benchmarks")

# How a C test comes to refuse each allocation in turn (tests/c/support/allocation.h), itself or by
# what it is written in: cases of expr/expressions.h, graphs of plan/graphs.h, shapes of
# optimize/shapes.h, rows of aggregates.
REFUSAL = re.compile(
    r"\b(test_(global_|json_|job_)?allocations|test_refusals|RUN_CASES|RUN"
    r"|graphs_(create|declare|validate|chain|assert_refused|assert_chain_refused)"
    r"|shapes_(graph|assert))\("
)
# C tests where there is nothing to refuse, and why.
UNREFUSED = {
    "base/test_bitmap": "bits in place",
    "base/test_calendar": "numbers",
    "base/test_cgroup": "text of small files, in place",
    "base/test_error": "a message in place",
    "base/test_hash": "numbers and bytes in place",
    "base/test_library": "constants",
    "base/test_log": "a line too long for malloc to give its room goes out without fields",
    "base/test_memory": "the allocator itself, with the refusals it makes",
    "base/test_size_class": "numbers",
    "base/test_time_zone": "zones come from malloc and stay, one a process",
    "columnar/test_column_hash": "hashes are written in place",
    "columnar/test_column_total": "sums are returned",
    "expr/test_expression_fuzz": "text that crashes nothing; refusals are those of test_random",
    "optimize/test_join_rows": "rows of what test_join_reordering refuses memory to",
    "plan/test_wire_fuzz": "text that crashes nothing; refusals are those of test_plan_memory",
    "state/test_number_order": "numbers in place",
    "state/test_sketches": "bytes in place",
}

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


def check_refusals(file: Path, root: Path) -> Iterator[str]:
    """Yield a sentence unless a C test refuses memory, or is listed as one that does not."""
    name = file.relative_to(root / "tests" / "c").with_suffix("").as_posix()
    refuses = REFUSAL.search(file.read_text()) is not None
    if not refuses and name not in UNREFUSED:
        yield (
            "refuses no allocation: run the scenario in test_allocations() of "
            "support/allocation.h, or say in UNREFUSED of tools/check_tree.py why there is none"
        )
    if refuses and name in UNREFUSED:
        yield "refuses allocations: take it out of UNREFUSED in tools/check_tree.py"


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
            if file.match("tests/c/*/test_*.c"):
                found += check_refusals(file, root)
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
