# SPDX-License-Identifier: Apache-2.0
"""Rows with the kinds of their columns, as the engine gets them and as the reference sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from differential.kinds import CODED, DIRECT, Kind, Rng


class NotPossible(Exception):
    """What was to be drawn cannot be drawn here."""


@dataclass(frozen=True)
class Column:
    """One column of a relation.

    Attributes
    ----------
    is_inexact
        A float that engines may add up in another order: compared with a tolerance, and never a
        key, a condition or an order.
    """

    name: str
    kind: Kind
    is_inexact: bool = False

    @property
    def reference_type(self) -> pa.DataType:
        return pa.int64() if self.kind.is_coded else self.kind.type

    @property
    def is_key(self) -> bool:
        return not self.is_inexact

    def named(self, name: str) -> Column:
        return replace(self, name=name)


@dataclass(frozen=True)
class Relation:
    """What a node emits, by the reference: coded columns are numbers here.

    Attributes
    ----------
    is_ordered
        Whether the order of the rows is defined, too.
    """

    columns: tuple[Column, ...]
    rows: pa.Table
    is_ordered: bool = False

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def draw_source(rng: Rng, name: str, row_count: int) -> tuple[Relation, pa.Table]:
    """Return random rows: for the reference, and for the engine."""
    kinds = [DIRECT[i] for i in rng.integers(0, len(DIRECT), rng.integers(2, 6))]
    kinds += [CODED[i] for i in rng.integers(0, len(CODED), rng.integers(0, 3))]
    columns = [Column(f"{name}_id", DIRECT[3])]
    seen: list[pa.Array] = [pa.array(range(row_count), pa.int64())]
    given: list[pa.Array] = [seen[0]]
    for i, kind in enumerate(kinds):
        column = Column(f"{name}_{i}", kind)
        null_share = rng.choice([0.0, 0.0, 0.15, 0.6, 1.0], p=[0.3, 0.2, 0.3, 0.15, 0.05])
        holes = rng.random(row_count) < null_share
        values = [
            None if hole else value
            for hole, value in zip(holes, kind.draw(rng, row_count), strict=True)
        ]
        columns.append(column)
        given.append(as_array(values, kind.type))
        seen.append(pa.array([encode(kind, v) for v in values], column.reference_type))
    names = [column.name for column in columns]
    table = pa.Table.from_arrays(given, names)
    if row_count > 1 and rng.random() < 0.5:
        table = _in_pieces(rng, table)
    return Relation(tuple(columns), pa.Table.from_arrays(seen, names)), table


def as_array(values: list[Any], type_: pa.DataType) -> pa.Array:
    """Return an array of a type that pyarrow may not convert to by itself."""
    if pa.types.is_dictionary(type_):
        return pa.array(values, type_.value_type).dictionary_encode().cast(type_)
    if pa.types.is_run_end_encoded(type_):
        import pyarrow.compute as pc

        return pc.run_end_encode(
            pa.array(values, type_.value_type), run_end_type=type_.run_end_type
        )
    return pa.array(values, type_)


def encode(kind: Kind, value: Any) -> Any:
    """Return a value as the reference has it."""
    if value is None or not kind.is_coded:
        return value
    assert kind.values is not None
    return [repr(one) for one in kind.values].index(repr(value))


def _in_pieces(rng: Rng, table: pa.Table) -> pa.Table:
    """Return the table in random chunks, some empty, each a slice of something longer."""
    cuts = sorted(rng.integers(0, table.num_rows, rng.integers(1, 6)).tolist())
    ends = [*cuts, table.num_rows]
    pieces = [table.slice(start, end - start) for start, end in zip([0, *cuts], ends, strict=True)]
    return pa.concat_tables(pieces)
