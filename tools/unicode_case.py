#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write src/expr/letter_case_table.c: the simple case mappings of Unicode.

Run as `tools/unicode_case.py`, with the Python whose `unicodedata` has the version wanted. The
table is in the repository, so that upper() and lower() give the same on every machine.
"""

import _sre
import unicodedata
from pathlib import Path

TABLE = Path(__file__).parent.parent / "src" / "expr" / "letter_case_table.c"

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
/*
 * letter_case_table.c - simple case mappings of Unicode {version}; tools/unicode_case.py wrote it.
 */
#include "expr/letter_case.h"
"""


def upper(code: int) -> int:
    """Return the simple upper case: one code point, unlike `str.upper`."""
    text = chr(code).upper()
    if len(text) > 1:  # the title case of these is a single one, and the same
        text = chr(code).title()
    return ord(text) if len(text) == 1 else code


def ranges(mapping: dict[int, int]) -> list[tuple[int, int, int, int]]:
    """Return (first, last, stride, delta): runs of letters that are mapped by one difference."""
    runs: list[tuple[int, int, int, int]] = []
    for code, target in sorted(mapping.items()):
        delta = target - code
        if runs:
            first, last, stride, known = runs[-1]
            step = code - last
            if known == delta and (step == stride or (first == last and step in (1, 2))):
                runs[-1] = (first, code, step, delta)
                continue
        runs.append((code, code, 1, delta))
    return runs


def table(name: str, runs: list[tuple[int, int, int, int]]) -> str:
    """Return a C array and its length."""
    rows = "".join(f"    {{{a:#x}, {b:#x}, {stride}, {delta}}},\n" for a, b, stride, delta in runs)
    return (
        f"\n// clang-format off\nconst struct sb_case_range {name}[] = {{\n{rows}}};\n"
        f"// clang-format on\nconst int32_t {name}_count = sizeof {name} / sizeof {name}[0];\n"
    )


def main() -> None:
    """Write the table."""
    letters = [code for code in range(0x80, 0x110000) if not 0xD800 <= code <= 0xDFFF]
    uppers = {code: upper(code) for code in letters if upper(code) != code}
    lowers = {code: _sre.unicode_tolower(code) for code in letters}
    lowers = {code: target for code, target in lowers.items() if target != code}
    TABLE.write_text(
        HEAD.format(version=unicodedata.unidata_version)
        + table("sb_upper_ranges", ranges(uppers))
        + table("sb_lower_ranges", ranges(lowers))
    )


if __name__ == "__main__":
    main()
