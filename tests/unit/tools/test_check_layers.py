# SPDX-License-Identifier: Apache-2.0
"""The layer check lets the arrows of the design pass and nothing else."""

from pathlib import Path

import pytest

import check_layers


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_accepts_includes_that_go_down(tmp_path: Path) -> None:
    write(tmp_path, "src/base/hash.h", "#include <stdint.h>\n")
    write(tmp_path, "src/exec/op.h", '#include "base/hash.h"\n#include <sabot/job.h>\n')
    write(tmp_path, "src/exec/ops/limit.c", '#include "limit.h"\n#include "exec/op.h"\n')
    write(tmp_path, "src/exec/ops/limit.h", "")
    write(tmp_path, "src/api/job.c", '#include "exec/ops/limit.h"\n')
    assert check_layers.check(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("src/base/hash.c", "columnar/batch.h"),
        ("src/columnar/batch.c", "expr/expr.h"),
        ("src/time/window.c", "plan/graph.h"),
        ("src/state/table.c", "../exec/op.h"),
        ("src/exec/stage.c", "exec/ops/limit.h"),
        ("src/exec/stage.c", "optimize/rule.h"),
        ("src/connect/source.c", "api/job.h"),
        ("include/sabot/job.h", "base/hash.h"),
        ("python/sabot/_core/job.c", "exec/op.h"),
    ],
)
def test_names_file_and_line_of_an_include_that_goes_up(
    tmp_path: Path, file: str, include: str
) -> None:
    write(tmp_path, file, f'// a first line\n#include "{include}"\n')
    (problem,) = check_layers.check(tmp_path)
    assert problem.startswith(f"{file}:2: ")
    assert include in problem


def test_keeps_internal_headers_inside_their_folder(tmp_path: Path) -> None:
    write(tmp_path, "src/exec/stage.c", '#include "exec/stage_internal.h"\n')
    assert check_layers.check(tmp_path) == []
    write(tmp_path, "src/api/job.c", '#include "exec/stage_internal.h"\n')
    (problem,) = check_layers.check(tmp_path)
    assert "internal to exec" in problem


def test_refuses_a_folder_that_the_table_does_not_know(tmp_path: Path) -> None:
    write(tmp_path, "src/drawer/thing.c", "")
    (problem,) = check_layers.check(tmp_path)
    assert problem.startswith("src/drawer/thing.c:1: ")


def test_table_has_no_cycle() -> None:
    for folder, direct in check_layers.ARROWS.items():
        for lower in direct:
            assert folder not in check_layers.below(lower)
