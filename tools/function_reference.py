#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write docs/reference/functions.md from the functions that the engine knows.

Run as `tools/function_reference.py`; with `--check` it changes nothing and fails when the page is
not what it would write. `tests/c/expr/test_reference.c` runs the examples.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "functions.md"

INTRODUCTION = """\
# Functions

What expressions may call: `{"call": "upper", "args": [{"col": "name"}]}` in the wire form,
`col("name").upper()` in Python. [Expressions](expressions.md) has the rules that all of them share:
nulls, NaN, overflow, division by zero, types. Unless its sentence says otherwise, a function of a
null is null.

This page is made by `tools/function_reference.py` from what the functions say of themselves; each
example is run by a test.
"""


def cell(text: str) -> str:
    """Return `text` as code in a cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


def section(category: str, functions: list[dict[str, Any]]) -> str:
    """Return the table of one category."""
    lines = [
        f"## {category}",
        "",
        "| Function | Takes | What it gives | Example | Result |",
        "|---|---|---|---|---|",
    ]
    for function in functions:
        example = function["example"]
        cells = (
            cell(function["name"]),
            function["signature"],
            function["summary"].replace("|", "\\|"),
            cell(example["text"]),
            cell(example["result"]),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page(functions: list[dict[str, Any]]) -> str:
    """Return the whole page, categories in the order in which they first appear."""
    order = list(dict.fromkeys(function["category"] for function in functions))
    functions = sorted(functions, key=lambda function: order.index(function["category"]))
    groups = itertools.groupby(functions, key=lambda function: function["category"])
    return "\n".join([INTRODUCTION, *(section(name, list(group)) for name, group in groups)])


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    from sabot import _core

    text = page(json.loads(_core.functions_json()))
    if arguments == ["--check"]:
        if not PAGE.is_file() or PAGE.read_text() != text:
            print("docs/reference/functions.md is stale: run tools/function_reference.py")
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
