# SPDX-License-Identifier: Apache-2.0
"""The header check compiles each header alone, and twice."""

from pathlib import Path

import check_headers


def problems(root: Path, text: str) -> list[str]:
    folder = root / "src" / "base"
    folder.mkdir(parents=True)
    (folder / "hash.h").write_text(text)
    return check_headers.check(root)


def test_accepts_a_header_that_stands_alone(tmp_path: Path) -> None:
    text = "#ifndef H\n#define H\n#include <stdint.h>\nstruct h { int64_t n; };\n#endif\n"
    assert problems(tmp_path, text) == []


def test_refuses_a_header_that_leans_on_its_includer(tmp_path: Path) -> None:
    first, compiler = problems(tmp_path, "#ifndef H\n#define H\nint64_t h(void);\n#endif\n")
    assert first.startswith("src/base/hash.h:1: ")
    assert "int64_t" in compiler


def test_refuses_a_header_without_a_guard(tmp_path: Path) -> None:
    assert problems(tmp_path, "struct h { int n; };\n")
