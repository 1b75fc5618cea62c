# SPDX-License-Identifier: Apache-2.0
"""A batch view reads and writes columns without touching the batch."""

import numpy as np
import pyarrow as pa
import pytest

from sabot.udf import BatchView


@pytest.fixture
def batch():
    return pa.record_batch({"n": [1, 2, 3], "s": ["a", None, "c"]})


def test_tells_what_it_has(batch):
    view = BatchView(batch)
    assert (len(view), view.num_rows, view.column_names) == (3, 3, ["n", "s"])
    assert "n" in view
    assert "x" not in view
    assert view.schema == batch.schema
    assert list(view) == ["n", "s"]


def test_untouched_batch_is_the_batch(batch):
    view = BatchView(batch)
    _ = view["n"] + 1
    assert view.to_arrow() is batch


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([4, 5, 6], [4, 5, 6]),
        (np.array([0.5, 1.0, 1.5]), [0.5, 1.0, 1.5]),
        (pa.array(["x", None, "z"]), ["x", None, "z"]),
        (7, [7, 7, 7]),
        ("text", ["text", "text", "text"]),
    ],
)
def test_writes_a_column(batch, value, expected):
    view = BatchView(batch)
    view["new"] = value
    view["n"] = value
    assert view.to_arrow().to_pydict() == {"n": expected, "s": ["a", None, "c"], "new": expected}
    assert batch.column_names == ["n", "s"]
    assert batch["n"].to_pylist() == [1, 2, 3]


def test_writes_elements(batch):
    view = BatchView(batch)
    for i in range(len(view)):
        view["n"][i] *= 10
    assert view.to_arrow()["n"].to_pylist() == [10, 20, 30]
    assert view.to_arrow()["s"].to_pylist() == ["a", None, "c"]
    assert batch["n"].to_pylist() == [1, 2, 3]


def test_assigning_a_column_copies_it(batch):
    view = BatchView(batch)
    view["m"] = view["n"]
    view["m"][0] = 100
    assert view.to_arrow()["n"].to_pylist() == [1, 2, 3]
    assert view.to_arrow()["m"].to_pylist() == [100, 2, 3]


def test_missing_column_names_those_there_are(batch):
    with pytest.raises(KeyError, match="the columns are: n, s"):
        BatchView(batch)["x"]


def test_column_of_wrong_length_is_refused(batch):
    with pytest.raises(ValueError, match="2 values for 3 rows"):
        BatchView(batch)["n"] = [1, 2]
