#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that a folder of C code includes only the folders below it.

Run as `tools/check_layers.py [root]`. Prints one line per include that breaks a layer and exits
with 1 when there is one.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Each folder of src/ and the folders it stands on. Arrows are transitive: what those may include,
# it may include too. `<sabot/...>` is open to everybody.
ARROWS: dict[str, tuple[str, ...]] = {
    "base": (),
    "columnar": ("base",),
    "expr": ("columnar",),
    "plan": ("expr",),
    "optimize": ("plan",),
    "time": ("columnar",),
    "state": ("columnar",),
    "exec": ("plan", "time", "state"),
    "exec/ops": ("exec",),
    "checkpoint": ("exec",),
    "connect": ("exec",),
    "connect/kafka": ("connect",),
    "api": ("optimize", "exec/ops", "checkpoint", "connect/kafka"),
}

# Outside src/, relative to the root: the public headers and the extension see public headers only.
OUTSIDE: dict[str, tuple[str, ...]] = {
    "include/sabot": (),
    "python/sabot/_core": (),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def below(folder: str) -> set[str]:
    """Return `folder` and every folder that it may include."""
    seen: set[str] = set()
    todo = [folder]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(ARROWS[name])
    return seen


def folder_of(path: str) -> str | None:
    """Return the folder of the table that a path below src/ is in."""
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in ARROWS:
            return "/".join(parts)
        parts.pop()
    return None


def includes(file: Path) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each quoted include."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1]


def sources(folder: Path) -> list[Path]:
    """Return the C files and headers below `folder`, sorted."""
    return sorted(path for path in folder.rglob("*.[ch]") if path.is_file())


def check_file(root: Path, file: Path, owner: str, allowed: set[str]) -> Iterator[str]:
    """Yield a sentence for each include of `file` that leaves `owner` and `allowed`."""
    src = root / "src"
    for number, text in includes(file):
        where = f"{file.relative_to(root)}:{number}"
        if (file.parent / text).is_file():
            target = (file.parent / text).resolve()
        else:
            target = (src / text).resolve()
        if not target.is_relative_to(src):
            if target.is_relative_to(root / owner):
                continue
            yield f'{where}: "{text}" is not below src/'
            continue
        inside = target.relative_to(src).as_posix()
        folder = folder_of(inside)
        if folder is None:
            yield f'{where}: "{text}" is in no folder of the table in tools/check_layers.py'
        elif folder not in allowed:
            may = ", ".join(sorted(allowed - {owner})) or "nothing but <sabot/...>"
            yield f'{where}: {owner} may not include "{text}"; it may include {may}'
        elif folder != owner and inside.endswith("_internal.h"):
            yield f'{where}: "{text}" is internal to {folder}'


def check(root: Path) -> list[str]:
    """Return a sentence for each broken layer below `root`."""
    root = root.resolve()
    problems: list[str] = []
    for file in sources(root / "src"):
        owner = folder_of(file.relative_to(root / "src").as_posix())
        if owner is None:
            name = file.relative_to(root)
            problems.append(f"{name}:1: is in no folder of the table in tools/check_layers.py")
        else:
            problems += check_file(root, file, owner, below(owner))
    for owner, allowed in OUTSIDE.items():
        for file in sources(root / owner):
            problems += check_file(root, file, owner, set(allowed))
    return problems


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
