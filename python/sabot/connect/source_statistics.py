# SPDX-License-Identifier: Apache-2.0
"""What a source tells of its rows before they are read, so that the engine can choose a plan.

They may be estimates: plans depend on them, rows never do. The engine reads them as JSON
(`sb_graph_set_source_statistics` in ``include/sabot/graph.h``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

__all__ = ["Bound", "ColumnSummary", "SourceStatistics", "merged", "scaled", "widened"]

_TEXT_MAX = 64  # characters of a bound
_JSON_INT_MAX = 2**53  # beyond it some JSON readers round

Bound = bool | int | float | str | bytes | Decimal


@dataclass(frozen=True)
class ColumnSummary:
    """Of one column; what is not known is None.

    Attributes
    ----------
    least, greatest
        About the smallest and the largest value. Dates are days since 1970, other times a number
        in the unit of their type.
    null_count
        Rows without a value.
    distinct_count
        Different values, null not counted.
    average_width
        Bytes of a value.
    is_clustered
        Whether rows of a value stand together, so that other parts have other values.
    """

    least: Bound | None = None
    greatest: Bound | None = None
    null_count: int | None = None
    distinct_count: int | None = None
    average_width: float | None = None
    is_clustered: bool = False


@dataclass(frozen=True)
class SourceStatistics:
    """Of all rows of a source, before its filters.

    Attributes
    ----------
    row_count
        How many there are, or None.
    columns
        By name; of columns that are missing nothing is known.
    """

    row_count: int | None = None
    columns: Mapping[str, ColumnSummary] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return them as the engine reads them."""
        columns = {name: _column_json(one, self.row_count) for name, one in self.columns.items()}
        return json.dumps({"row_count": self.row_count, "columns": columns}, allow_nan=False)


def _column_json(column: ColumnSummary, row_count: int | None) -> dict[str, Any]:
    least, greatest = _literal(column.least), _literal(column.greatest)
    if least is None or greatest is None:
        least = greatest = None
    return {
        "min": least,
        "max": greatest,
        "null_count": _at_most(column.null_count, row_count),
        "distinct_count": _at_most(column.distinct_count, row_count),
        "average_width": column.average_width,
    }


def _at_most(count: int | None, row_count: int | None) -> int | None:
    return count if count is None or row_count is None else min(count, row_count)


def _literal(bound: Bound | None) -> Any:
    """Return a bound as the wire form writes a literal; None for NaN, which is no bound."""
    if isinstance(bound, Decimal):
        return str(bound)
    if isinstance(bound, bytes):
        return bound[:_TEXT_MAX].hex()
    if isinstance(bound, str):
        return bound[:_TEXT_MAX]
    if isinstance(bound, float) and not math.isfinite(bound):
        return None if math.isnan(bound) else ("inf" if bound > 0 else "-inf")
    if isinstance(bound, int) and not isinstance(bound, bool) and abs(bound) > _JSON_INT_MAX:
        return str(bound)
    return bound


def merged(parts: Sequence[SourceStatistics], names: Collection[str]) -> SourceStatistics:
    """Return the statistics of several parts together: files, row groups.

    Parameters
    ----------
    parts
        Each of different rows.
    names
        The columns to tell of.
    """
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return SourceStatistics(0)
    counts = [part.row_count for part in parts]
    total = None if None in counts else sum(count or 0 for count in counts)
    columns = {}
    for name in names:
        found = [
            (part.row_count or 0, part.columns[name]) for part in parts if name in part.columns
        ]
        if len(found) == len(parts):
            columns[name] = _merged_column(found, is_sized=total is not None)
    return SourceStatistics(total, columns)


def _merged_column(parts: Sequence[tuple[int, ColumnSummary]], *, is_sized: bool) -> ColumnSummary:
    nulls = [column.null_count for _, column in parts]
    widths = [(rows, column.average_width) for rows, column in parts]
    valued = [
        (rows - (column.null_count or 0), column)
        for rows, column in parts
        if rows > (column.null_count or 0)  # one of nulls alone has no bounds
    ]
    bounds: list[tuple[Any, Any]] = [(column.least, column.greatest) for _, column in valued]
    least = greatest = None
    if bounds and all(low is not None and high is not None for low, high in bounds):
        least = min(low for low, _ in bounds)
        greatest = max(high for _, high in bounds)
    total = sum(rows for rows, _ in widths)
    return ColumnSummary(
        least,
        greatest,
        None if None in nulls else sum(count or 0 for count in nulls),
        _merged_distinct(valued) if is_sized else None,
        None
        if total == 0 or any(width is None for _, width in widths)
        else sum(rows * (width or 0) for rows, width in widths) / total,
        all(column.is_clustered for _, column in parts),
    )


def _merged_distinct(parts: Sequence[tuple[int, ColumnSummary]]) -> int | None:
    """Return how many values there are in all parts, of the counts in each.

    Values of parts that lie apart, or are clustered, differ. Others are taken for draws from the
    same values: how many there are follows from how many an average part has met.
    """
    counts = [column.distinct_count for _, column in parts]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return None
    if not known:
        return 0
    columns = [column for _, column in parts]
    if len(known) == 1 or all(one.is_clustered for one in columns) or _lie_apart(columns):
        return sum(known)
    rows = sum(count for count, _ in parts)
    drawn = _values_met(_values_behind(sum(known) / len(known), rows / len(parts)), rows)
    return round(min(max(drawn, max(known)), sum(known)))


def _lie_apart(columns: Sequence[ColumnSummary]) -> bool:
    """Return whether the ranges of values overlap in no more than one value, as in sorted files."""
    bounds: list[tuple[Any, Any]] = [(one.least, one.greatest) for one in columns]
    if any(low is None or high is None for low, high in bounds):
        return False
    bounds.sort()
    return all(before[1] <= after[0] for before, after in pairwise(bounds))


def widened(column: ColumnSummary, least: Bound | None, greatest: Bound | None) -> ColumnSummary:
    """Return the summary with bounds that hold these values, too; None says nothing.

    Examples
    --------
    >>> widened(ColumnSummary(3, 7), 1, None).least
    1
    """
    low: Any = column.least
    high: Any = column.greatest
    if low is None or high is None:
        return column
    return replace(
        column,
        least=min(low, least) if isinstance(least, type(low)) else low,
        greatest=max(high, greatest) if isinstance(greatest, type(high)) else high,
    )


def scaled(part: SourceStatistics, row_count: int) -> SourceStatistics:
    """Return the statistics of `row_count` rows, if those of `part` are like all of them."""
    looked = part.row_count or 0
    if looked in (0, row_count):
        return SourceStatistics(row_count, part.columns)
    factor = row_count / looked
    columns = {
        name: replace(
            one,
            null_count=None if one.null_count is None else round(one.null_count * factor),
            distinct_count=_scaled_distinct(one, looked, factor),
        )
        for name, one in part.columns.items()
    }
    return SourceStatistics(row_count, columns)


def _scaled_distinct(column: ColumnSummary, rows: int, factor: float) -> int | None:
    present = rows - (column.null_count or 0)
    if column.distinct_count is None or present <= 0:
        return column.distinct_count
    if column.is_clustered:
        return round(column.distinct_count * factor)
    values = _values_behind(column.distinct_count, present)
    return round(_values_met(values, present * factor))


def _values_met(values: float, rows: float) -> float:
    """Return how many of `values` equally frequent values so many rows have.

    Examples
    --------
    >>> round(_values_met(1000, 1000))
    632
    """
    return values * -math.expm1(-rows / values) if values > 0 else 0.0


def _values_behind(met: float, rows: float) -> float:
    """Return how many values there are, if so many rows have met `met` of them.

    Examples
    --------
    >>> round(_values_behind(632, 1000), -2)
    1000.0
    """
    low, high = max(met, 1.0), 1e15
    if met >= 0.999 * rows:
        return high  # every row has its own
    while high > low * 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _values_met(middle, rows) < met else (low, middle)
    return low
