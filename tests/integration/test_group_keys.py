# SPDX-License-Identifier: Apache-2.0
"""Keys of several words in AGGREGATE: many groups, keys of one hash, texts of every length."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines import line, node, run

ROWS = 60_000
ONE_HASH = -3597666858376259525  # all pairs that begin with it have the same hash
FRESH = 6534857275711415761  # what tables mark new rows with


def texts(random, count, choices):
    sizes = random.integers(0, 41, choices)
    distinct = ["".join(random.choice(list("abcä"), size)) for size in sizes]
    return pa.array(distinct, pa.string()).take(pa.array(random.integers(0, choices, count)))


def keyed(kind, choices, seed):
    random = np.random.default_rng(seed)
    first = random.integers(0, choices, ROWS)
    first[random.random(ROWS) < 0.05] = ONE_HASH
    first[random.random(ROWS) < 0.05] = FRESH
    columns = {
        "pair": {"a": first, "b": random.integers(0, 3, ROWS)},
        "text": {"a": texts(random, ROWS, choices)},
        "mixed": {"a": texts(random, ROWS, choices), "b": first},
    }[kind]
    return pa.table(columns | {"v": random.integers(-5, 10**6, ROWS), "x": random.random(ROWS)})


def in_order(table, keys):
    return table.sort_by([(key, "ascending") for key in keys])


@pytest.mark.parametrize("worker_count", [1, 8])
@pytest.mark.parametrize("choices", [3, 40_000])
@pytest.mark.parametrize("kind", ["pair", "text", "mixed"])
def test_groups(kind, choices, worker_count):
    table = keyed(kind, choices, seed=choices)
    keys = [name for name in ("a", "b") if name in table.column_names]
    calls = {"v_sum": ("v", "sum"), "rows": ("*", "count")}
    others = {"low": ("v", "min"), "high": ("x", "max")}
    expected = table.group_by(keys).aggregate(
        [("v", "sum"), ([], "count_all"), ("v", "min"), ("x", "max")]
    )
    expected = in_order(expected.rename_columns([*keys, *calls, *others]), keys)
    for aggregations in (calls, calls | others):  # steps of one pass, and others
        operator = node("aggregate", "groups", key_by=keys, aggregations=aggregations)
        result = run(line({"data": table}, operator), worker_count=worker_count)
        found = in_order(result["outputs"]["out"], keys)
        for name in found.column_names:
            assert found[name].to_pylist() == expected[name].to_pylist(), name
