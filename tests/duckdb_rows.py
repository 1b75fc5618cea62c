# SPDX-License-Identifier: Apache-2.0
"""What DuckDB makes of rows, and whether a graph gives the same; for tests."""

import math

import duckdb

from pipelines import ledger_is_balanced, run

CUTS = [(1, 1), (1, 65_536), (2, 7), (8, 1000)]  # workers, rows per batch


def sql(query, **tables):
    """Return what DuckDB makes of it, as sorted rows."""
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    return sorted(connection.sql(query).fetchall(), key=_order)


def _order(row):
    return tuple((value is None, str(type(value)), _key(value)) for value in row)


def _key(value):
    if isinstance(value, float):
        return (math.isnan(value), 0.0 if math.isnan(value) or value == 0 else round(value, 6))
    return "" if value is None else value


def same(table, expected):
    """Compare as multisets of rows, floats up to the order of their summation."""
    found = sorted((tuple(row.values()) for row in table.to_pylist()), key=_order)
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            if isinstance(a, float) and isinstance(b, float):
                assert (math.isnan(a) and math.isnan(b)) or math.isclose(
                    a, b, rel_tol=1e-9, abs_tol=1e-9
                ), (mine, theirs)
            else:
                assert a == b, (mine, theirs)


def checked(graph, expected, cut):
    result = run(graph, worker_count=cut[0], morsel_rows_max=cut[1])
    same(result["outputs"]["out"], expected)
    assert ledger_is_balanced(result)
