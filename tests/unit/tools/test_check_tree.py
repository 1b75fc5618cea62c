# SPDX-License-Identifier: Apache-2.0
"""The tree check misses nothing that a folder or file must have."""

from pathlib import Path

import pytest

import check_tree

C_LINE = "// SPDX-License-Identifier: Apache-2.0\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "src/base/README.md": "# base\n",
        "src/base/arena.c": C_LINE,
        "src/base/meson.build": "sabot_sources += files(\n  'arena.c',\n)\n",
        "python/sabot/time/README.md": "# time\n",
        "python/sabot/time/timer.py": "# SPDX-License-Identifier: Apache-2.0\n",
        "tests/c/base/test_arena.c": C_LINE + "    test_allocations(arena_use, NULL);\n",
        "tests/c/meson.build": "c_tests = [\n  'base/test_arena',\n]\n",
        "tools/run.py": "#!/usr/bin/env python3\n# SPDX-License-Identifier: Apache-2.0\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_accepts_a_complete_tree(tree: Path) -> None:
    assert check_tree.check(tree) == []


@pytest.mark.parametrize("folder", ["src/base", "python/sabot/time"])
def test_misses_a_readme(tree: Path, folder: str) -> None:
    (tree / folder / "README.md").unlink()
    assert check_tree.check(tree) == [f"{folder}/README.md: is missing"]


@pytest.mark.parametrize("file", ["src/base/arena.c", "python/sabot/time/timer.py", "tools/run.py"])
def test_misses_the_spdx_line(tree: Path, file: str) -> None:
    (tree / file).write_text("\n")
    (problem,) = check_tree.check(tree)
    assert problem.startswith(f"{file}:1: the first line must be ")


@pytest.mark.parametrize("file", ["src/base/hash.c", "tests/c/base/test_hash.c"])
def test_misses_a_c_file_that_nothing_builds(tree: Path, file: str) -> None:
    (tree / file).write_text(C_LINE)
    problem = check_tree.check(tree)[0]
    assert problem.startswith(f"{file}:1: is in no meson.build")


def test_misses_refusals_in_a_c_test(tree: Path) -> None:
    (tree / "tests/c/base/test_arena.c").write_text(C_LINE)
    (problem,) = check_tree.check(tree)
    assert problem.startswith("tests/c/base/test_arena.c:1: refuses no allocation")


def test_the_list_of_tests_without_refusals_has_no_others(tree: Path) -> None:
    (tree / "tests/c/base/test_arena.c").rename(tree / "tests/c/base/test_hash.c")
    (tree / "tests/c/meson.build").write_text("c_tests = [\n  'base/test_hash',\n]\n")
    (problem,) = check_tree.check(tree)
    assert "take it out of UNREFUSED" in problem


def test_a_folder_for_one_platform_belongs_to_the_folder_above(tree: Path) -> None:
    (tree / "src/base/linux").mkdir()
    (tree / "src/base/linux/arena.c").write_text(C_LINE)
    assert len(check_tree.check(tree)) == 1
    (tree / "src/base/meson.build").write_text("files(\n  'arena.c',\n  'linux/arena.c',\n)\n")
    assert check_tree.check(tree) == []


def test_a_line_in_a_comment_builds_nothing(tree: Path) -> None:
    (tree / "src/base/meson.build").write_text("# 'arena.c',\n")
    assert len(check_tree.check(tree)) == 1


def test_refuses_a_name_that_says_nothing(tree: Path) -> None:
    (tree / "python/sabot/time/utils.py").write_text("# SPDX-License-Identifier: Apache-2.0\n")
    (problem,) = check_tree.check(tree)
    assert "one noun" in problem
