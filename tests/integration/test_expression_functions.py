# SPDX-License-Identifier: Apache-2.0
"""Functions over nasty text, numbers and conditions give what DuckDB gives.

Each case draws its rows from its own seed, which is in the test's name.
"""

import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pipelines import line, node, rows
from sabot import col, concat_ws, greatest, least, lit, when

WORDS = ["", "a", "A", "abc", "aXbXc", "ab%c", "a_c", "banana", "naïve", "ÉTÉ", "日本語", "😀a😀"]
WORDS += ["e\u0301", "  two  ", "x" * 12, "a text of more than twelve bytes", "abc" * 40]
WORDS += ["k=v;n=12;k=w", "%", "_", "\\", "a\\b", "12", "0"]
CUTS = [(1, 65_536), (2, 7), (8, 1000)]  # workers, rows per batch


def nasty(seed, count=3_000):
    rng = np.random.default_rng(seed)

    def holes(values):
        return [
            None if hole else v for v, hole in zip(values, rng.random(count) < 0.15, strict=True)
        ]

    floats = rng.normal(0, 50, count)
    special = rng.random(count) < 0.2
    floats[special] = rng.choice([0.0, -0.0, math.inf, -math.inf, 0.5, -2.5], special.sum())
    layout = [pa.string(), pa.large_string(), pa.string_view()][seed % 3]
    return pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "s": pa.array(holes(rng.choice(WORDS, count).tolist()), layout),
            "t": pa.array(holes(rng.choice(WORDS, count).tolist()), layout),
            "n": pa.array(holes(rng.integers(-12, 13, count).tolist()), pa.int64()),
            "m": pa.array(holes(rng.integers(0, 60, count).tolist()), pa.int32()),
            "x": pa.array(holes(floats.tolist()), pa.float64()),
        }
    )


S, T, N, M, X = (col(name) for name in "stnmx")

# name: expression, what DuckDB calls it. Where the two differ on purpose SQL says what we mean:
# concat of a null is null, regexp_extract without a match is null.
CASES = {
    "length": (S.length(), "length(s)"),
    "byte_length": (S.byte_length(), "strlen(s)"),
    "upper": (S.upper(), "upper(s)"),
    "lower": (S.lower(), "lower(s)"),
    "trim": (S.trim(" x"), "trim(s, ' x')"),
    "ltrim": (S.ltrim("ax日"), "ltrim(s, 'ax日')"),
    "rtrim": (S.rtrim("cn😀"), "rtrim(s, 'cn😀')"),
    "pad_left": (
        S.pad_left(M, "日"),
        "CASE WHEN length(s) >= m THEN s ELSE lpad(s, m, '日') END",
    ),
    "pad_right": (S.pad_right(9, "-"), "CASE WHEN length(s) >= 9 THEN s ELSE rpad(s, 9, '-') END"),
    "substring": (S.substring(N, M), "CASE WHEN s IS NULL THEN NULL ELSE substring(s, n, m) END"),
    "substring_open": (S.substring(N), "substring(s, n)"),
    "left": (S.left(N), "left(s, n)"),
    "right": (S.right(N), "right(s, n)"),
    "concat": (S.concat("-", T), "s || '-' || t"),
    "concat_ws": (concat_ws(", ", S, T, "z"), "concat_ws(', ', s, t, 'z')"),
    "repeat": (S.repeat(M), "repeat(s, m)"),
    "reverse": (
        when(S.contains("\u0301")).then(None).otherwise(S.reverse()),
        "CASE WHEN contains(s, '\u0301') THEN NULL ELSE reverse(s) END",
    ),
    "replace": (S.replace("a", "日"), "replace(s, 'a', '日')"),
    "replace_columns": (S.replace(T, "é"), "replace(s, t, 'é')"),
    "split_part": (S.split_part(";", 2), "split_part(s, ';', 2)"),
    "split_part_behind": (S.split_part("X", -1), "split_part(s, 'X', -1)"),
    "position": (S.position(T), "position(t IN s)"),
    "to_hex": (S.to_hex(), "lower(hex(s))"),
    "contains": (S.contains("an"), "contains(s, 'an')"),
    "contains_column": (S.contains(T), "contains(s, t)"),
    "starts_with": (S.starts_with(T), "starts_with(s, t)"),
    "ends_with": (S.ends_with("c"), "ends_with(s, 'c')"),
    "like": (S.like("%a%c%"), "s LIKE '%a%c%'"),
    "like_any": (S.like("_b_%"), "s LIKE '_b_%'"),
    "like_escape": (S.like("%!%%", "!"), "s LIKE '%!%%' ESCAPE '!'"),
    "like_column": (S.like(T), "s LIKE t"),
    "ilike": (S.ilike("É%é"), "s ILIKE 'É%é'"),
    "regexp_matches": (S.regexp_matches("^[a-z]+$"), "regexp_matches(s, '^[a-z]+$')"),
    "regexp_extract": (
        S.regexp_extract("([a-z])=([0-9]+)", 2),
        "nullif(regexp_extract(s, '([a-z])=([0-9]+)', 2), '')",
    ),
    "regexp_replace": (
        S.regexp_replace("(a)(.)", r"\2\1"),
        r"regexp_replace(s, '(a)(.)', '\2\1', 'g')",
    ),
    "case": (
        when(N > 5).then("high").when(N > 0).then(S).when(N == 0).then(None).otherwise("low"),
        "CASE WHEN n > 5 THEN 'high' WHEN n > 0 THEN s WHEN n = 0 THEN NULL ELSE 'low' END",
    ),
    "case_guard": (when(N != 0).then(M % N), "CASE WHEN n != 0 THEN ((m % n) + n) % n END"),
    "if_else": ((N > 0).if_else(X, -1), "CASE WHEN n > 0 THEN x ELSE -1 END"),
    "nullif": (S.nullif(T), "nullif(s, t)"),
    "between": (N.between(-3, M), "n BETWEEN -3 AND m"),
    "in_few": (N.is_in([1, 5, -7]), "n IN (1, 5, -7)"),
    "in_many": (M.is_in(range(0, 50, 3)), f"m IN {tuple(range(0, 50, 3))}"),
    "in_null": (N.is_in([1, None]), "n IN (1, NULL)"),
    "in_text": (S.is_in(["abc", "", "ÉTÉ", "%", "12", "0"]), "s IN ('abc','','ÉTÉ','%','12','0')"),
    "not_in": (~N.is_in([1, None]), "n NOT IN (1, NULL)"),
    "least": (least(N, M, 7), "least(n, m, 7)"),
    "greatest": (greatest(S, T, "b"), "greatest(s, t, 'b')"),
    "greatest_floats": (greatest(X, N), "greatest(x, n)"),
    "abs": (N.abs(), "abs(n)"),
    "sign": (N.sign(), "sign(n)"),
    "floor": (X.floor(), "floor(x)"),
    "ceil": (X.ceil(), "ceil(x)"),
    "trunc": (X.trunc(), "trunc(x)"),
    "round": (X.round(1), "round(x, 1)"),
    "round_integer": (M.round(-1), "round(m, -1)"),
    "sqrt": (X.abs().sqrt(), "sqrt(abs(x))"),
    "exp": ((N / 4).exp(), "exp(n / 4)"),
    "ln": ((M + 1).ln(), "ln(m + 1)"),
    "power": ((M / 7) ** 1.5, "pow(m / 7, 1.5)"),
    "atan2": (N.atan2(M), "atan2(n, m)"),
    "is_nan": (X.is_nan(), "isnan(x)"),
    "is_finite": (X.is_finite(), "isfinite(x)"),
    "floor_divide": (N // 5, "floor(n / 5)::BIGINT"),
    "bits": (N.bit_and(6).bit_or(M.bit_xor(3)), "(n & 6) | xor(m::BIGINT, 3)"),
    "shift": (N.shift_right(1), "n >> 1"),
}
# DuckDB cannot shift a negative number
CASES["shift"] = (N.shift_right(1), "floor(n / 2)::BIGINT")


def same(mine, theirs):
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=1e-12) or (mine != mine and theirs != theirs)
    return mine == theirs


@pytest.mark.parametrize("seed", range(3))
def test_functions_give_what_duckdb_gives(seed):
    table = nasty(seed)
    workers, morsel = CUTS[seed]
    found = rows(
        line(
            {"data": table},
            node("map", "all", expressions={k: e for k, (e, _) in CASES.items()}, keep=True),
        ),
        worker_count=workers,
        morsel_rows_max=morsel,
    )
    order = np.argsort(found["id"].to_numpy())
    assert found.num_rows == table.num_rows
    connection = duckdb.connect()
    connection.register("rows", table)
    for name, (_, query) in CASES.items():
        expected = connection.sql(f"SELECT {query} FROM rows ORDER BY id").fetchall()
        values = found[name].to_pylist()
        for at, (theirs,) in enumerate(expected):
            mine = values[order[at]]
            assert same(mine, theirs), f"{name} of {table.slice(at, 1).to_pylist()}"


@pytest.mark.parametrize("seed", range(3, 6))
def test_filters_keep_the_rows_that_duckdb_keeps(seed):
    table = nasty(seed)
    workers, morsel = CUTS[seed - 3]
    connection = duckdb.connect()
    connection.register("rows", table)
    conditions = {
        "s LIKE '%an%' AND n > 0": S.like("%an%") & (N > 0),
        "s IN ('abc', 'A', '日本語', '%') OR NOT (t LIKE 'a%')": S.is_in(
            ["abc", "A", "日本語", "%"]
        )
        | ~T.like("a%"),
        "n BETWEEN -2 AND 4 AND regexp_matches(s, 'b|é')": N.between(-2, 4)
        & S.regexp_matches("b|é"),
        "CASE WHEN n > 0 THEN s = t ELSE x > 0 END": when(N > 0).then(S == T).otherwise(X > 0),
        "length(s) < length(t) AND upper(s) != s": (S.length() < T.length()) & (S.upper() != S),
    }
    for query, predicate in conditions.items():
        expected = connection.sql(f"SELECT id FROM rows WHERE {query} ORDER BY id").fetchall()
        found = rows(
            line({"data": table}, node("filter", "some", predicate=predicate)),
            worker_count=workers,
            morsel_rows_max=morsel,
        )
        assert sorted(found["id"].to_pylist()) == [row[0] for row in expected], query


@pytest.mark.parametrize("seed", range(4))
def test_random_patterns_match_as_in_duckdb(seed):
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("abé_%"), rng.integers(0, 9))) for _ in range(2_000)]
    table = pa.table({"id": range(len(texts)), "s": texts})
    connection = duckdb.connect()
    connection.register("rows", table)
    likes = ["".join(rng.choice(list("abé%_%"), rng.integers(0, 6))) for _ in range(30)]
    parts = ["a", "b", "é", ".", "a*", "b+", "[ab]", "é?", "(a|b)", "^", "$", "[^a]"]
    regexps = ["".join(rng.choice(parts, rng.integers(1, 5))) for _ in range(30)]
    expressions = {f"like{i}": S.like(pattern) for i, pattern in enumerate(likes)}
    expressions |= {f"re{i}": S.regexp_matches(pattern) for i, pattern in enumerate(regexps)}
    found = rows(line({"data": table}, node("map", "all", expressions=expressions))).sort_by("id")
    queries = {f"like{i}": ("s LIKE ?", pattern) for i, pattern in enumerate(likes)}
    queries |= {f"re{i}": ("regexp_matches(s, ?)", pattern) for i, pattern in enumerate(regexps)}
    for name, (query, pattern) in queries.items():
        expected = connection.execute(f"SELECT {query} FROM rows ORDER BY id", [pattern]).fetchall()
        assert found[name].to_pylist() == [row[0] for row in expected], pattern


def test_a_hash_is_the_engines():
    from sabot import _core

    table = pa.table({"a": [1, None, -7], "b": ["x", "é", None]})
    found = rows(
        line({"data": table}, node("map", "h", expressions={"h": col("a").hash(col("b"))}))
    )
    expected = np.frombuffer(_core.hash_rows(table.to_batches()[0]), "u8")
    assert found["h"].to_pylist() == expected.tolist()


def test_a_value_that_is_no_list_is_refused():
    with pytest.raises(TypeError, match="expected a list of values"):
        col("a").is_in("abc")
    assert col("a").is_in([lit(3, "int8")]).to_dict()["args"][1] == {"lit": 3, "type": "int8"}
