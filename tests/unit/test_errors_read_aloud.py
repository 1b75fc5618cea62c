# SPDX-License-Identifier: Apache-2.0
"""Wrong uses and what they are told: a program and its message per file of tests/errors."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "errors"
FILES = sorted(FOLDER.glob("*.txt"))


def test_there_are_enough_to_read():
    assert len(FILES) >= 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_wrong_use_is_told(path, tmp_path, monkeypatch):
    _, _, rest = path.read_text().partition("--- program\n")
    program, _, expected = rest.partition("--- error\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the text says which one
        exec(compile(program, path.name, "exec"), {"__name__": "program"})
    found = f"{type(raised.value).__name__}: {raised.value}"
    assert found.replace(os.fspath(tmp_path), "FOLDER") == expected.strip()
