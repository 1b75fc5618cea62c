# SPDX-License-Identifier: Apache-2.0
"""MAP and FILTER functions inside the engine: what they return, and what happens if it is wrong."""

import re

import numpy as np
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines import ledger_is_balanced, line, node, rows, run
from sabot import InvalidJobError, JobFailedError, col

TABLE = pa.table(
    {
        "price": pa.array([100.0, 250.5, None, 80.0]),
        "amount": pa.array([1, 2, 3, None]),
        "name": ["a", "b", None, "d"],
    }
)


def mapped(function, data=TABLE, **parameters):
    return rows(line({"data": data}, node("map", "m", function, **parameters)))


def edit(batch):
    for i in range(len(batch)):
        if batch["price"][i] is not None:
            batch["price"][i] *= 2
    return batch


def edit_integers(batch):
    for i in range(len(batch)):
        if batch["amount"][i] is not None:
            batch["amount"][i] *= 1.5
    return batch


def set_column(batch):
    batch["total"] = batch["price"] * batch["amount"]
    return batch


@pytest.mark.parametrize(
    ("function", "name", "expected"),
    [
        (lambda b: b["price"] * b["amount"], "m", [100.0, 501.0, None, None]),
        (lambda b: np.round(b["price"]), "m", [100.0, 250.0, None, 80.0]),
        (lambda b: [len(b)] * len(b), "m", [4, 4, 4, 4]),
        (
            lambda b: [None if s is None else s.upper() for s in b["name"]],
            "m",
            ["A", "B", None, "D"],
        ),
        (lambda b: pa.array(range(len(b)), pa.int8()), "m", [0, 1, 2, 3]),
        (lambda b: np.arange(len(b)), "m", [0, 1, 2, 3]),
        (lambda b: pc.utf8_length(b["name"].to_arrow()), "m", [1, 1, None, 1]),
        (edit, "price", [200.0, 501.0, None, 160.0]),
        (edit_integers, "amount", [1.5, 3.0, 4.5, None]),
        (set_column, "total", [100.0, 501.0, None, None]),
        (lambda b: {"x": b["amount"], "y": [1] * len(b)}, "x", [1, 2, 3, None]),
        (lambda b: b.to_arrow().select(["name"]), "name", ["a", "b", None, "d"]),
        (lambda b: pa.table({"n": range(len(b))}), "n", [0, 1, 2, 3]),
    ],
)
def test_what_a_function_may_return(function, name, expected):
    assert mapped(function)[name].to_pylist() == expected


def test_frames_of_other_libraries_may_be_returned():
    table = pa.table({"n": [1, 2, 3], "t": ["a", None, "c"]})
    expected = [{"n": 2, "t": None}, {"n": 3, "t": "c"}]

    def of_polars(batch):
        return polars.from_arrow(batch.to_arrow()).filter(polars.col("n") > 1)

    def of_pandas(batch):
        frame = batch.to_arrow().to_pandas()
        return frame[frame["n"] > 1]

    for function in (of_polars, of_pandas):
        given = rows(line({"data": table}, node("map", "some", function)))
        assert given.to_pylist() == expected
        empty = rows(line({"data": table.slice(0, 0)}, node("map", "some", function)))
        assert empty.column_names == ["n", "t"]


def test_a_column_of_type_null_passes():
    table = pa.table({"n": [1, 2], "none": pa.nulls(2)})
    for function in (lambda batch: {"none": batch["none"]}, lambda batch: batch):
        given = rows(line({"data": table}, node("map", "same", function)))
        assert given.schema.field("none").type == pa.null()
    with pytest.raises(InvalidJobError, match="only nulls in column 'n'"):
        rows(line({"data": table}, node("map", "same", lambda batch: {"n": [None] * len(batch)})))


def test_single_column_is_named():
    output = mapped(lambda b: b["amount"] + 1, output_column="next")
    assert output.column_names == ["price", "amount", "name", "next"]
    assert mapped(lambda b: b["amount"] + 1, output_column="amount").column_names == [
        "price",
        "amount",
        "name",
    ]


def test_dict_replaces_all_columns():
    assert mapped(lambda b: {"x": b["amount"]}).column_names == ["x"]


def test_batch_may_have_more_or_fewer_rows():
    output = run(
        line(
            {"data": TABLE},
            node("map", "double", lambda b: pa.concat_tables([pa.table(b.to_arrow())] * 2)),
            node("map", "half", lambda b: b.to_arrow().slice(0, len(b) // 2)),
        )
    )
    assert output["outputs"]["out"].num_rows == 4
    assert ledger_is_balanced(output)


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
@pytest.mark.parametrize("workers", [1, 8])
def test_same_result_for_any_cut(workers, batch_rows):
    data = pa.table({"n": range(3000)})
    graph = line(
        {"data": data},
        node("map", "m", lambda b: b["n"] * 2, output_column="twice"),
        node("filter", "f", lambda b: b["n"] % 3 == 0),
    )
    output = rows(graph, worker_count=workers, morsel_rows_max=batch_rows)
    expected = [n for n in range(3000) if n % 3 == 0]
    assert output.to_pydict() == {"n": expected, "twice": [2 * n for n in expected]}


def test_input_is_never_changed():
    source = pa.table({"n": [1, 2, 3]})

    def spoil(batch):
        batch["n"][0] = 100
        return batch

    graph = line({"data": source}, node("map", "m", spoil))
    other = graph.add_operator(node("sink", "untouched"))
    graph.connect(graph.get_sources()[0].operator_id, other)
    outputs = graph.run()["outputs"]
    assert outputs["out"]["n"].to_pylist() == [100, 2, 3]
    assert outputs["untouched"]["n"].to_pylist() == source["n"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    "mask",
    [
        lambda b: b["price"] > 90,
        lambda b: (b["price"] > 90).to_arrow(),
        lambda b: [p is not None and p > 90 for p in b["price"]],
        lambda b: np.nan_to_num(b["price"].to_numpy()) > 90,
    ],
)
def test_filter_takes_a_mask_and_drops_null(mask):
    output = rows(line({"data": TABLE}, node("filter", "f", mask)))
    assert output["name"].to_pylist() == ["a", "b"]
    assert output.schema == TABLE.schema


def test_declared_schema_is_cast_to():
    output = mapped(lambda b: {"n": b["amount"]}, schema={"n": "int16"})
    assert output.schema.types == [pa.int16()]


def test_function_that_fails_without_rows_is_tried_with_one():
    def fragile(batch):
        return [batch["amount"][0]] * len(batch)

    data = pa.table({"amount": [7, 8]})
    assert mapped(fragile, data)["m"].to_pylist() == [7, 7]


def test_function_without_rows_gives_its_columns():
    output = mapped(lambda b: [str(n) for n in b["amount"]], TABLE.slice(0, 0))
    assert output.schema.field("m").type == pa.string()


def test_unknown_columns_ask_for_a_schema():
    def picky(batch):
        if len(batch) < 2:
            raise IndexError("too few rows")
        return {"n": batch["amount"]}

    with pytest.raises(InvalidJobError, match=r"operator 'm' \(map\).*parameters\['schema'\]"):
        mapped(picky)
    assert mapped(picky, schema={"n": "int64"}).column_names == ["n"]


def raise_dear(batch):
    for i in range(len(batch)):
        if batch["amount"][i] is not None and batch["amount"][i] > 50:
            batch["amount"][i] *= 1.5
    return batch


def lower_negative(batch):
    batch["amount"][batch["amount"] < 0] = 0.5
    return batch


@pytest.mark.parametrize("function", [raise_dear, lower_negative])
@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
@pytest.mark.parametrize(
    "values", [[], [1], [None], [1, 2, -3, 60, None], [2**53 + 1, 1], [60] * 20 + [1] * 20]
)
def test_a_float_in_one_branch_is_in_the_schema_whatever_the_values(function, batch_rows, values):
    data = pa.table({"amount": pa.array(values, pa.int64())})
    output = rows(line({"data": data}, node("map", "m", function)), morsel_rows_max=batch_rows)
    assert output.schema.types == [pa.float64()]
    if function is raise_dear:
        wanted = [None if v is None else float(v) * 1.5 if v > 50 else float(v) for v in values]
    else:
        wanted = [None if v is None else 0.5 if v < 0 else float(v) for v in values]
    assert output["amount"].to_pylist() == wanted


# --- wrong functions -----------------------------------------------------------------------------


def only_with_many_rows(value):
    """Return a function that is right for a trial and wrong for real rows."""
    return lambda batch: value(batch) if len(batch) > 1 else batch["amount"]


def test_raising_function_is_the_cause():
    def raises(batch):
        raise RuntimeError("it broke")

    with pytest.raises(JobFailedError, match=r"operator 'm' \(map\).*it broke") as caught:
        mapped(only_with_many_rows(raises))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.operator == "m"
    assert any("raises" in line for line in _traceback(caught.value.__cause__))


def _traceback(error):
    import traceback

    return traceback.format_tb(error.__traceback__)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda b: [1], r"1 values for column 'm'; expected 4"),
        (lambda b: {"price": [1.0], "amount": [1], "name": ["x"], "m": [1]}, "1 values"),
        (lambda b: 5, "the function returned int"),
        (lambda b: None, "the function returned NoneType"),
        (lambda b: "text", "the function returned str"),
        (lambda b: ["text"] * len(b), r"column 'm' is string; expected int64"),
        (lambda b: b["price"] + 0.25, r"column 'm' is double; expected int64.*truncated"),
        (lambda b: {"other": b["price"]}, r"returned columns \['other'\]; expected"),
        (lambda b: [object()] * len(b), "cannot become an Arrow column"),
    ],
)
def test_wrong_results_are_named(value, message):
    with pytest.raises(JobFailedError, match=r"operator 'm' \(map\)") as caught:
        mapped(only_with_many_rows(value))
    assert re.search(message, str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (lambda b: b["price"], "double values; expected booleans"),
        (lambda b: [True], "mask of 1 values; expected 4"),
        (lambda b: b, "returned BatchView; expected a mask"),
    ],
)
def test_wrong_masks_are_named(mask, message):
    def late(batch):
        return mask(batch) if len(batch) else []

    with pytest.raises(JobFailedError, match=message):
        line({"data": TABLE}, node("filter", "f", late)).run()


def test_wrong_functions_are_refused_before_anything_runs():
    for function, message in (
        (lambda b: b["nothing"], "no column 'nothing'"),
        (lambda b: 5, "the function returned int"),
        ("text", "expected a function"),
    ):
        with pytest.raises(InvalidJobError, match=r"operator 'm' \(map\)") as caught:
            line({"data": TABLE}, node("map", "m", function)).validate()
        assert message in str(caught.value)
    with pytest.raises(InvalidJobError, match="expected a mask"):
        line({"data": TABLE}, node("filter", "f", lambda b: b)).validate()


def test_map_needs_a_function_or_expressions():
    with pytest.raises(InvalidJobError, match="expressions"):
        line({"data": TABLE}, node("map", "m")).validate()


def test_functions_and_expressions_mix():
    graph = line(
        {"data": TABLE},
        node("map", "e", expressions={"twice": col("amount") * 2}),
        node("map", "f", lambda b: b["twice"] + 1, output_column="more"),
        node("filter", "p", predicate=col("more") > 3),
        node("select", "s", columns=["more"]),
    )
    assert rows(graph)["more"].to_pylist() == [5, 7]
