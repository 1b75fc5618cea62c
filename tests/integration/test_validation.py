# SPDX-License-Identifier: Apache-2.0
"""Batches of others are looked at as far as the source's parameter `validate` says."""

from typing import Any

import pyarrow as pa
import pytest

import sabot
from pipelines import line, rows


def broken_text() -> pa.Array:
    """Return text of which row 1 is no UTF-8."""
    return (
        pa.array([b"fine", b"\xff\xfe", b"fine"], pa.binary()).cast(pa.binary()).view(pa.string())
    )


def broken_child() -> pa.Array:
    """Return lists of elements that may not be null, of which one is."""
    type_ = pa.list_(pa.field("item", pa.int64(), nullable=False))
    values = pa.array([1, None, 3])
    offsets = pa.array([0, 1, 3], pa.int32())
    return pa.Array.from_buffers(type_, 2, [None, offsets.buffers()[1]], children=[values])


BROKEN = {
    "text": (broken_text, "column 'c': row 1 is not UTF-8"),
    "nested text": (
        lambda: pa.StructArray.from_arrays([broken_text()], ["t"]),
        "column 'c.t': row 1 is not UTF-8",
    ),
    "child": (broken_child, "column 'c': row 1 has a null in a child"),
}


@pytest.mark.parametrize("is_pushed", [False, True])
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_full_looks_at_contents(name: str, is_pushed: bool) -> None:
    make, message = BROKEN[name]
    table = pa.table({"c": make()})
    data: Any = (lambda: iter(table.to_batches())) if is_pushed else table
    declared: dict[str, Any] = {"schema": table.schema} if is_pushed else {}
    with pytest.raises(sabot.SabotError) as raised:
        rows(line({"data": data, "validate": "full", **declared}))
    assert message in str(raised.value)
    for how in [{}, {"validate": "safe"}]:
        assert rows(line({"data": data, **how, **declared})).num_rows == table.num_rows


def test_good_rows_pass() -> None:
    table = pa.table({"c": ["grüße", None, ""], "d": [[1], None, []]})
    assert rows(line({"data": table, "validate": "full"})).equals(table)


def test_other_words_are_refused() -> None:
    with pytest.raises(sabot.InvalidJobError, match=r"'validate'.*safe, full"):
        rows(line({"data": pa.table({"c": [1]}), "validate": "deep"}))
