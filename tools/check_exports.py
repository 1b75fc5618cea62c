#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that libsabot.so exports what include/sabot/ declares, all of it and nothing else.

Run as `tools/check_exports.py LIBRARY [INCLUDE_DIR]`.
"""

import re
import subprocess
import sys
from pathlib import Path

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
BRACES = re.compile(r"\{[^{}]*\}")
FUNCTION = re.compile(r"\b(sb_\w+)\s*\(")
VARIABLE = re.compile(r"\b(sb_\w+)\s*(?:\[[^\]]*\]\s*)*$")

# Names that the linker itself may add.
LINKER = {"_init", "_fini", "_edata", "_end", "__bss_start"}


def declarations(text: str) -> list[str]:
    """Return the statements of a header, without comments, directives and bodies."""
    text = DIRECTIVE.sub("", COMMENT.sub(" ", text))
    text = text.replace('extern "C" {', "")
    count = 1
    while count:
        # An inline function's body ends its statement; a struct's is followed by one's end.
        text, count = re.subn(r"\)\s*\{[^{}]*\}", ");", text)
        if not count:
            text, count = BRACES.subn("", text)
    return [" ".join(statement.split()) for statement in text.split(";")]


def declared(text: str) -> tuple[set[str], set[str]]:
    """Return the names a header declares with SB_API, and the functions it declares without."""
    marked: set[str] = set()
    unmarked: set[str] = set()
    for statement in declarations(text):
        if re.match(r"(typedef|static)\b", statement):
            continue
        found = FUNCTION.search(statement)
        if "SB_API" in statement.split():
            found = found or VARIABLE.search(statement)
            if found:
                marked.add(found[1])
        elif found:
            unmarked.add(found[1])
    return marked, unmarked


def exported(library: Path) -> set[str]:
    """Return the names a shared library defines for others."""
    run = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=posix", str(library)],
        capture_output=True,
        text=True,
        check=True,
    )
    names = (line.split()[0].split("@")[0] for line in run.stdout.splitlines() if line.strip())
    return set(names) - LINKER


def check(library: Path, include: Path) -> list[str]:
    """Return a sentence for each name that the headers and the library disagree on."""
    problems: list[str] = []
    promised: dict[str, Path] = {}
    for header in sorted(include.rglob("*.h")):
        marked, unmarked = declared(header.read_text())
        promised |= dict.fromkeys(marked, header)
        problems += [f"{header}: {name}() lacks SB_API" for name in sorted(unmarked)]
    names = exported(library)
    for name in sorted(promised.keys() - names):
        problems.append(f"{promised[name]}: declares {name}, which {library.name} does not export")
    for name in sorted(names - promised.keys()):
        problems.append(f"{library}: exports {name}, which no header in {include} declares")
    return problems


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit("usage: check_exports.py LIBRARY [INCLUDE_DIR]")
    default = Path(__file__).parent.parent / "include" / "sabot"
    problems = check(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else default)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
