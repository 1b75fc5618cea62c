# SPDX-License-Identifier: Apache-2.0
"""The table of `docs/reference/casts.md` is what the engine does."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.pipelines import line, node, rows

from sabot import InvalidJobError, col, lit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "casts.md"
ARROW = {
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "float16": pa.float16(),
    "float64": pa.float64(),
    "decimal64(12, 2)": pa.decimal64(12, 2),
    "utf8": pa.string(),
    "binary": pa.binary(),
    "date32": pa.date32(),
    "timestamp[ms]": pa.timestamp("ms"),
    "timestamp[ms, Asia/Kolkata]": pa.timestamp("ms", "Asia/Kolkata"),
    "time32[s]": pa.time32("s"),
    "duration[s]": pa.duration("s"),
    "list<item: int64>": pa.list_(pa.int64()),
    "dictionary<int32, utf8>": pa.dictionary(pa.int32(), pa.string()),
}


def table_of_page() -> list[tuple[str, dict[str, bool]]]:
    lines = [text for text in PAGE.read_text().splitlines() if text.startswith("| ")]
    cells = [[cell.strip() for cell in text.strip("|").split("|")] for text in lines]
    head, *body = [row for row in cells if len(row) == len(cells[0])]
    return [
        (row[0], dict(zip(head[1:], (c == "yes" for c in row[1:]), strict=True))) for row in body
    ]


@pytest.mark.parametrize(("source", "targets"), table_of_page())
def test_casts_are_those_of_the_page(source: str, targets: dict[str, bool]) -> None:
    empty = pa.table({"x": pa.array([None], ARROW[source])})
    assert len(targets) == 12
    for target, is_possible in targets.items():
        graph = line({"data": empty}, node("map", "m", expressions={"y": col("x").cast(target)}))
        if is_possible:
            assert rows(graph)["y"].to_pylist() == [None], target
        else:
            with pytest.raises(InvalidJobError, match="no cast from"):
                rows(graph)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.float16(),
        pa.float32(),
        pa.float64(),
        pa.int8(),
        pa.bool_(),
        pa.date32(),
        pa.date64(),
        pa.timestamp("ms"),
        pa.timestamp("us", "Europe/Berlin"),
        pa.time32("s"),
        pa.time64("us"),
        pa.decimal32(5, 2),
        pa.decimal128(30, 2),
    ],
)
def test_types_of_pyarrow_are_types(kind: pa.DataType) -> None:
    data = {"x": pa.array([None], pa.string())}
    for given in (kind, str(kind)):
        expressions = {"y": col("x").cast(given), "z": lit(None, given)}
        out = rows(line({"data": data}, node("map", "m", expressions=expressions)))
        assert out.schema.field("y").type == kind
        if not (pa.types.is_float16(kind) or pa.types.is_decimal32(kind)):  # computed as wider ones
            assert out.schema.field("z").type == kind
