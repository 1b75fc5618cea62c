# SPDX-License-Identifier: Apache-2.0
"""The operators of random graphs: what may be drawn, and what must come out.

A step knows its engine parameters and computes its rows from those of its inputs, by DuckDB where
SQL can say it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from differential.expressions import draw_predicate, quoted
from differential.formulas import draw_value
from differential.kinds import DIRECT, FLOAT64, INT64, UINT64, Kind, Rng
from differential.relation import Column, NotPossible, Relation

ROWS_MAX = 3_000  # of a join; larger ones are not drawn


@dataclass(frozen=True)
class Step:
    """One operator with its parameters and the rows it must give."""

    operator_type: str
    parameters: dict[str, Any]
    relation: Relation
    input_count: int = 1
    function: Callable[..., Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)  # for messages


_CONNECTION = duckdb.connect(config={"threads": 1})


def query(
    sql: str, columns: Sequence[Column], *inputs: Relation, is_ordered: bool = False
) -> Relation:
    """Return what DuckDB makes of inputs t0, t1, ..."""
    for i, relation in enumerate(inputs):
        _CONNECTION.register(f"t{i}", relation.rows)
    table = _CONNECTION.sql(sql).to_arrow_table()
    for i in range(len(inputs)):
        _CONNECTION.unregister(f"t{i}")
    schema = pa.schema([(column.name, column.reference_type) for column in columns])
    return Relation(tuple(columns), table.cast(schema), is_ordered)


def draw_filter(rng: Rng, number: int, source: Relation) -> Step:
    condition = draw_predicate(rng, source)
    return Step(
        "filter",
        {"predicate": condition.expression},
        query(
            f"SELECT * FROM t0 WHERE {condition.sql}",
            source.columns,
            source,
            is_ordered=source.is_ordered,
        ),
        details={"sql": condition.sql},
    )


def draw_map(rng: Rng, number: int, source: Relation) -> Step:
    formulas = {f"m{number}_{i}": draw_value(rng, source) for i in range(rng.integers(1, 4))}
    keeps = bool(rng.random() < 0.6)
    columns = list(source.columns) if keeps else []
    columns += [Column(name, f.kind, f.is_inexact) for name, f in formulas.items()]
    outputs = ["*"] if keeps else []
    outputs += [f"{f.sql} AS {quoted(name)}" for name, f in formulas.items()]
    return Step(
        "map",
        {"expressions": {name: f.expression for name, f in formulas.items()}, "keep": keeps},
        query(
            f"SELECT {', '.join(outputs)} FROM t0", columns, source, is_ordered=source.is_ordered
        ),
        details={name: f.sql for name, f in formulas.items()},
    )


def draw_select(rng: Rng, number: int, source: Relation) -> Step:
    count = rng.integers(1, len(source.columns) + 1)
    columns = [source.columns[i] for i in rng.permutation(len(source.columns))[:count]]
    names = [column.name for column in columns]
    return Step(
        "select",
        {"columns": names},
        Relation(tuple(columns), source.rows.select(names), source.is_ordered),
    )


def draw_unnest(rng: Rng, number: int, source: Relation) -> Step:
    """Unnest a coded list; the elements are int64, which both sides have as they are."""
    lists = [c for c in source.columns if c.kind.name == "list"]
    if not lists:
        raise NotPossible
    column = _pick(rng, lists)
    keeps = bool(rng.random() < 0.4)
    place = source.names.index(column.name)
    values = column.kind.values
    assert values is not None
    rows: list[int] = []
    elements: list[int | None] = []
    for row, code in enumerate(source.rows[column.name].to_pylist()):
        found = [] if code is None else values[code]
        found = found or ([None] if keeps else [])
        rows += [row] * len(found)
        elements += found
    if len(rows) > ROWS_MAX:
        raise NotPossible
    name = f"u{number}" if rng.random() < 0.5 else column.name
    columns = [*source.columns]
    columns[place] = Column(name, INT64)
    given = {c.name: source.rows[c.name].to_pylist() for c in columns if c.name in source.names}
    values_of = {c.name: [given[c.name][i] for i in rows] for c in columns if c.name != name}
    values_of[name] = elements
    table = pa.table({c.name: pa.array(values_of[c.name], c.reference_type) for c in columns})
    return Step(
        "flat_map",
        {"column": column.name, "keep_empty": keeps}
        | ({"output_column": name} if name != column.name else {}),
        Relation(tuple(columns), table, source.is_ordered),
    )


def draw_union(rng: Rng, number: int, left: Relation, right: Relation) -> Step:
    if [(c.name, c.kind) for c in left.columns] != [(c.name, c.kind) for c in right.columns]:
        raise NotPossible
    columns = [
        Column(a.name, a.kind, a.is_inexact or b.is_inexact)
        for a, b in zip(left.columns, right.columns, strict=True)
    ]
    return Step(
        "union",
        {},
        Relation(tuple(columns), pa.concat_tables([left.rows, right.rows])),
        input_count=2,
    )


def draw_union_by_name(rng: Rng, number: int, left: Relation, right: Relation) -> Step:
    columns = {column.name: column for column in left.columns}
    for b in right.columns:
        a = columns.get(b.name)
        if a is None:
            columns[b.name] = b
        elif a.kind is b.kind or _can_join(a.kind, b.kind):
            kind = a.kind if a.kind is b.kind else _common_kind(a.kind, b.kind)
            columns[b.name] = Column(a.name, kind, a.is_inexact or b.is_inexact)
        else:
            raise NotPossible
    sql = "SELECT * FROM t0 UNION ALL BY NAME SELECT * FROM t1"
    rows = query(sql, [*columns.values()], left, right)
    return Step("union", {"reconcile": "by_name"}, rows, input_count=2)


_JOIN_SQL = {
    "inner": "JOIN",
    "left": "LEFT JOIN",
    "right": "RIGHT JOIN",
    "outer": "FULL JOIN",
    "semi": "SEMI JOIN",
    "anti": "ANTI JOIN",
}


def draw_join(rng: Rng, number: int, left: Relation, right: Relation) -> Step:
    keys = _draw_keys(rng, left, right)
    return _join(rng, number, left, right, keys, _pick(rng, list(_JOIN_SQL)))


def draw_inner_join(rng: Rng, number: int, left: Relation, right: Relation) -> Step:
    return _join(rng, number, left, right, _draw_keys(rng, left, right), "inner")


def _join(
    rng: Rng,
    number: int,
    left: Relation,
    right: Relation,
    keys: list[tuple[Column, Column]],
    kind: str,
) -> Step:
    is_null_safe = bool(rng.random() < 0.2)
    suffix = f"_{number}"
    equal = "IS NOT DISTINCT FROM" if is_null_safe else "="
    condition = " AND ".join(f"l.{quoted(a.name)} {equal} r.{quoted(b.name)}" for a, b in keys)
    if _count(left, right, condition) > ROWS_MAX:
        raise NotPossible
    columns, outputs = _left_outputs(left, keys, kind)
    if kind not in ("semi", "anti"):
        _add_right_outputs(right, {b.name for _, b in keys}, suffix, columns, outputs)
    sql = f"SELECT {', '.join(outputs)} FROM t0 AS l {_JOIN_SQL[kind]} t1 AS r ON {condition}"
    parameters = {
        "left_keys": [a.name for a, _ in keys],
        "right_keys": [b.name for _, b in keys],
        "join_type": kind,
        "suffix": suffix,
        **({"nulls_equal": True} if is_null_safe else {}),
    }
    return Step("hash_join", parameters, query(sql, columns, left, right), input_count=2)


def _draw_keys(rng: Rng, left: Relation, right: Relation) -> list[tuple[Column, Column]]:
    """Return one or two pairs of columns that can be compared, each column once."""
    pairs = [
        (a, b)
        for a in left.columns
        for b in right.columns
        if a.is_key and b.is_key and _can_join(a.kind, b.kind)
    ]
    if not pairs:
        raise NotPossible
    keys = [pairs[i] for i in rng.permutation(len(pairs))[: rng.integers(1, 3)]]
    if len({a.name for a, _ in keys}) < len(keys) or len({b.name for _, b in keys}) < len(keys):
        return keys[:1]
    return keys


def _left_outputs(
    left: Relation, keys: list[tuple[Column, Column]], kind: str
) -> tuple[list[Column], list[str]]:
    columns, outputs = [], []
    partners = {a.name: b for a, b in keys} if kind in ("right", "outer") else {}
    for column in left.columns:
        partner = partners.get(column.name)
        text = f"l.{quoted(column.name)}"
        if partner is not None:  # a right row without a match keeps its key
            column = Column(column.name, _common_kind(column.kind, partner.kind))
            text = f"coalesce({text}, r.{quoted(partner.name)}) AS {quoted(column.name)}"
        columns.append(column)
        outputs.append(text)
    return columns, outputs


def _add_right_outputs(
    right: Relation, keys: set[str], suffix: str, columns: list[Column], outputs: list[str]
) -> None:
    taken = {column.name for column in columns}
    for column in right.columns:
        if column.name in keys:
            continue
        name = column.name + suffix if column.name in taken else column.name
        if name in taken:
            raise NotPossible
        taken.add(name)
        columns.append(column.named(name))
        outputs.append(f"r.{quoted(column.name)} AS {quoted(name)}")


def _count(left: Relation, right: Relation, condition: str) -> int:
    sql = f"SELECT count(*) AS n FROM t0 AS l JOIN t1 AS r ON {condition}"
    rows = query(sql, [Column("n", INT64)], left, right).rows
    return int(rows["n"][0].as_py()) + left.rows.num_rows + right.rows.num_rows


def _can_join(a: Kind, b: Kind) -> bool:
    return a is b if a.is_coded or b.is_coded else a.family == b.family


def _common_kind(a: Kind, b: Kind) -> Kind:
    """Return the kind of a left key column that also holds right keys."""
    if a.name == b.name or a.family in ("text", "binary"):
        return a
    if a.family == "float":
        return FLOAT64
    if a.family != "int" or "uint64" in (a.name, b.name):
        raise NotPossible
    is_a_signed, is_b_signed = (pa.types.is_signed_integer(k.type) for k in (a, b))
    if is_a_signed == is_b_signed:
        return a if a.type.bit_width >= b.type.bit_width else b
    unsigned, signed = (b, a) if is_a_signed else (a, b)
    bits = max(2 * unsigned.type.bit_width, signed.type.bit_width)
    return next(kind for kind in DIRECT if kind.name == f"int{bits}")


def draw_aggregate(rng: Rng, number: int, source: Relation) -> Step:
    keys = [c for c in source.columns if c.is_key]
    keys = [keys[i] for i in rng.permutation(len(keys))[: rng.integers(0, 3)]]
    columns, outputs = list(keys), [quoted(c.name) for c in keys]
    requests: dict[str, tuple[str, str]] = {}
    for i in range(rng.integers(1, 4)):
        name = f"a{number}_{i}"
        column = _pick(rng, source.columns)
        function, sql, kind, is_inexact = _draw_call(rng, column)
        requests[name] = (
            "*" if function == "count" and sql == "count(*)" else column.name,
            function,
        )
        columns.append(Column(name, kind, is_inexact))
        outputs.append(f"{sql} AS {quoted(name)}")
    group = f" GROUP BY {', '.join(outputs[: len(keys)])}" if keys else ""
    return Step(
        ("aggregate", "group_by")[number % 2],  # two names of one operator
        {"aggregations": requests} | ({"key_by": [c.name for c in keys]} if keys else {}),
        query(f"SELECT {', '.join(outputs)} FROM t0{group}", columns, source),
    )


def _draw_call(rng: Rng, column: Column) -> tuple[str, str, Kind, bool]:
    """Return a function of a column: its name, SQL, the result's kind, whether it is inexact."""
    name, kind = quoted(column.name), column.kind
    choices: list[tuple[str, str, Kind, bool]] = [
        ("count", "count(*)", INT64, False),
        ("count", f"count({name})", INT64, False),
    ]
    if kind.family == "int":
        is_signed = not kind.name.startswith("u")
        total = (INT64, "BIGINT") if is_signed else (UINT64, "UBIGINT")
        choices.append(("sum", f"sum({name})::{total[1]}", total[0], False))
    if kind.family == "float":
        choices.append(("sum", f"sum({name}::DOUBLE)", FLOAT64, True))
    if kind.is_number:
        choices.append(("mean", f"avg({name}::DOUBLE)", FLOAT64, True))
    if column.is_key:
        choices.append(("count_distinct", f"count(DISTINCT {name})", INT64, False))
    if kind.family == "int":
        choices.append(("variance", f"var_samp({name})", FLOAT64, True))
        choices.append(("stddev_pop", f"stddev_pop({name})", FLOAT64, True))
        choices.append(("median", f"median({name}::DOUBLE)", FLOAT64, True))
        choices.append(("p10", f"quantile_cont({name}::DOUBLE, 0.1)", FLOAT64, True))
    if kind.has_minimum and column.is_key and kind.family != "bool":
        choices.append(("min", f"min({name})", kind, False))
        choices.append(("max", f"max({name})", kind, False))
    return choices[rng.integers(0, len(choices))]


def draw_distinct(rng: Rng, number: int, source: Relation) -> Step:
    if not all(column.is_key for column in source.columns):
        raise NotPossible
    return Step("distinct", {}, query("SELECT DISTINCT * FROM t0", source.columns, source))


def draw_sort(rng: Rng, number: int, source: Relation) -> Step:
    rows, parameters = _sorted(rng, source)
    return Step("sort", parameters, rows)


def draw_top_n(rng: Rng, number: int, source: Relation) -> Step:
    rows, parameters = _sorted(rng, source)
    count, offset = int(rng.choice([0, 1, 5, 100])), int(rng.choice([0, 0, 3, 1000]))
    return Step(
        "top_n",
        parameters | {"count": count, "offset": offset},
        Relation(rows.columns, rows.rows.slice(offset, count), True),
    )


def _sorted(rng: Rng, source: Relation) -> tuple[Relation, dict[str, Any]]:
    """Return the rows in a random order; equal ones keep theirs, so they must have one."""
    columns = [c for c in source.columns if c.is_key and c.kind.is_sortable]
    if not columns or not source.is_ordered:
        raise NotPossible
    by = [columns[i] for i in rng.permutation(len(columns))[: rng.integers(1, 4)]]
    descending = [bool(rng.random() < 0.5) for _ in by]
    nulls = [str(rng.choice(["first", "last"])) for _ in by]
    order = ", ".join(
        f"{quoted(c.name)} {'DESC' if is_down else 'ASC'} NULLS {place}"
        for c, is_down, place in zip(by, descending, nulls, strict=True)
    )
    names = ", ".join(map(quoted, source.names))
    rows = query(
        f"SELECT {names} FROM (SELECT *, row_number() OVER () AS place FROM t0) "
        f"ORDER BY {order}, place",
        source.columns,
        source,
        is_ordered=True,
    )
    return rows, {"by": [c.name for c in by], "descending": descending, "nulls": nulls}


def draw_limit(rng: Rng, number: int, source: Relation) -> Step:
    if not source.is_ordered:
        raise NotPossible
    count, offset = int(rng.choice([0, 1, 5, 100, 10_000])), int(rng.choice([0, 0, 2, 500]))
    return Step(
        "limit",
        {"count": count, "offset": offset},
        Relation(source.columns, source.rows.slice(offset, count), True),
    )


def _pick(rng: Rng, values: Sequence[Any]) -> Any:
    return values[rng.integers(0, len(values))]


# What is drawn, and how often.
Steps: TypeAlias = list[tuple[Callable[..., Step], int, float]]
STEPS: Steps = [
    (draw_filter, 1, 3.0),
    (draw_map, 1, 2.0),
    (draw_select, 1, 1.0),
    (draw_unnest, 1, 1.0),
    (draw_union, 2, 1.0),
    (draw_union_by_name, 2, 1.0),
    (draw_join, 2, 3.0),
    (draw_aggregate, 1, 3.0),
    (draw_distinct, 1, 0.5),
    (draw_sort, 1, 1.0),
    (draw_top_n, 1, 0.5),
    (draw_limit, 1, 0.5),
]
JOIN_STEPS: Steps = [
    (draw_inner_join, 2, 6.0),
    (draw_join, 2, 1.0),
    (draw_filter, 1, 2.0),
    (draw_map, 1, 1.0),
    (draw_select, 1, 1.0),
    (draw_aggregate, 1, 0.5),
    (draw_sort, 1, 0.3),
    (draw_limit, 1, 0.3),
    (draw_distinct, 1, 0.3),
]
