# SPDX-License-Identifier: Apache-2.0
"""The guides run as they stand."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = sorted(
    path.relative_to(DOCS).as_posix()
    for folder in ("user-guide", "api-reference", "reference")
    for path in (DOCS / folder).glob("*.md")
    if ">>> " in path.read_text(encoding="utf-8")
)


class FencedParser(doctest.DocTestParser):
    """Reads a Markdown file: the end of a fence ends the expected output."""

    def parse(self, string, name="<string>"):
        lines = ["" if line.startswith("```") else line for line in string.split("\n")]
        return super().parse("\n".join(lines), name)


@pytest.mark.parametrize("name", GUIDES)
def test_guide_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(DOCS / name),
        module_relative=False,
        parser=FencedParser(),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
        encoding="utf-8",
    )
    assert tried > 0
    assert failed == 0


def test_there_are_guides():
    assert "user-guide/getting-started.md" in GUIDES
