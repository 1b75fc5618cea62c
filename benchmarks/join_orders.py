# SPDX-License-Identifier: Apache-2.0
"""How good the optimizer's join orders are: every order of a query is run, and the chosen one.

    PYTHONPATH=benchmarks python benchmarks/join_orders.py [--rows N] [--repeat N] [QUERY...]

For each query all trees without cross products are written down and run as they are, then the one
that the optimizer makes of the worst of them. Processor time of one worker, least of some runs.
`worst_first` draws a graph whose three joins are written in the worst order, for other programs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from engine.sabot_run import GraphDraft

from sabot.compiler.plan_optimizer import PlanOptimizer

# A relation's name, or what probes and what is stored.
Tree: TypeAlias = "str | tuple[Tree, Tree]"

_CHUNK_ROWS = 1 << 20
_TREES_MAX = 60  # of a query; more are drawn at random


@dataclass(frozen=True)
class Relation:
    """A table, and the condition that its source tests."""

    data: pa.Table
    condition: str | None = None  # a column of the table that is 0 in the rows to keep


@dataclass(frozen=True)
class Query:
    """Relations, and which of their columns are equal: by class, the column of each member."""

    relations: dict[str, Relation]
    classes: list[dict[str, str]]
    total: str  # a column to sum up


def _table(columns: dict[str, np.ndarray]) -> pa.Table:
    return pa.Table.from_batches(pa.table(columns).to_batches(_CHUNK_ROWS))


def _spread(keys: np.ndarray) -> np.ndarray:
    """Return the keys over the whole range of int64, one to one."""
    return keys.astype(np.int64) * np.int64(0x4F1BBCDCBFA53E0B)


def _dimension(rng: np.random.Generator, name: str, rows: int, kept: float = 1) -> Relation:
    keys = _spread(rng.permutation(rows))
    columns = {f"{name}_id": keys, f"{name}_value": rng.integers(0, 1000, rows)}
    if kept == 1:
        return Relation(_table(columns))
    columns[f"{name}_group"] = rng.integers(0, round(1 / kept), rows)
    return Relation(_table(columns), f"{name}_group")


def _sales(rng: np.random.Generator, rows: int, keys: dict[str, int]) -> Relation:
    columns = {f"sale_{name}": _spread(rng.integers(0, n, rows)) for name, n in keys.items()}
    columns["sale_amount"] = rng.integers(0, 100, rows)
    return Relation(_table(columns))


def star(rows: int, seed: int = 1) -> Query:
    """Return sales with three dimensions, of which the smallest keeps one row of a hundred."""
    rng = np.random.default_rng(seed)
    sizes = {"customer": rows // 2, "product": rows // 10, "shop": 1000}
    return Query(
        {
            "sale": _sales(rng, rows, sizes),
            "customer": _dimension(rng, "customer", sizes["customer"]),
            "product": _dimension(rng, "product", sizes["product"], kept=0.5),
            "shop": _dimension(rng, "shop", sizes["shop"], kept=0.01),
        },
        [{"sale": f"sale_{name}", name: f"{name}_id"} for name in sizes],
        "customer_value",
    )


def snowflake(rows: int, seed: int = 2) -> Query:
    """Return sales of products of makers, of which few are asked for, and shops."""
    rng = np.random.default_rng(seed)
    products, makers = rows // 5, 2000
    product = _dimension(rng, "product", products)
    maker_keys = pa.array(_spread(rng.integers(0, makers, products)))
    return Query(
        {
            "sale": _sales(rng, rows, {"product": products, "shop": 1000}),
            "product": Relation(product.data.append_column("product_maker", maker_keys)),
            "maker": _dimension(rng, "maker", makers, kept=0.02),
            "shop": _dimension(rng, "shop", 1000),
        },
        [
            {"sale": "sale_product", "product": "product_id"},
            {"product": "product_maker", "maker": "maker_id"},
            {"sale": "sale_shop", "shop": "shop_id"},
        ],
        "sale_amount",
    )


def one_key(rows: int, seed: int = 3) -> Query:
    """Return four relations with the same key, so that any two of them can be joined."""
    rng = np.random.default_rng(seed)
    sizes = {"a": rows, "b": rows // 2, "c": rows // 20, "d": rows // 100}
    return Query(
        {name: _dimension(rng, name, n) for name, n in sizes.items()},
        [{name: f"{name}_id" for name in sizes}],
        "a_value",
    )


QUERIES: dict[str, Callable[[int], Query]] = {
    "star": star,
    "snowflake": snowflake,
    "one_key": one_key,
}


# --- trees ---------------------------------------------------------------------------------------


def members(tree: Tree) -> list[str]:
    """Return the relations of a tree from left to right."""
    return [tree] if isinstance(tree, str) else members(tree[0]) + members(tree[1])


def _are_connected(query: Query, left: list[str], right: list[str]) -> bool:
    return any(
        any(name in names for name in left) and any(name in names for name in right)
        for names in query.classes
    )


def trees(query: Query, relations: tuple[str, ...] | None = None) -> Iterator[Tree]:
    """Return every tree without cross products, each side of each join once as the build side."""
    names = tuple(query.relations) if relations is None else relations
    if len(names) == 1:
        yield names[0]
        return
    for bits in range(1, 2 ** len(names) - 1):
        left = tuple(name for i, name in enumerate(names) if bits >> i & 1)
        right = tuple(name for name in names if name not in left)
        if _are_connected(query, list(left), list(right)):
            for a in trees(query, left):
                for b in trees(query, right):
                    yield a, b


def draw(query: Query, tree: Tree) -> GraphDraft:
    """Return the query as a graph whose joins are those of the tree."""
    draft = GraphDraft("join_orders")
    for name, relation in query.relations.items():
        draft.add("source", name, data=relation.data)
        if relation.condition is not None:
            few = {"column": relation.condition, "operator": "==", "value": 0}
            draft.add("filter", f"few_{name}", name, **few)

    def join(tree: Tree) -> tuple[str, dict[int, str]]:
        """Return the operator's name, and by class what its column is called."""
        if isinstance(tree, str):
            few = query.relations[tree].condition is not None
            keys = {i: names[tree] for i, names in enumerate(query.classes) if tree in names}
            return (f"few_{tree}" if few else tree), keys
        left, left_keys = join(tree[0])
        right, right_keys = join(tree[1])
        shared = [i for i in left_keys if i in right_keys]
        name = "_".join(members(tree))
        draft.add(
            "hash_join",
            name,
            left,
            right,
            left_keys=[left_keys[i] for i in shared],
            right_keys=[right_keys[i] for i in shared],
        )
        return name, right_keys | left_keys

    root, _ = join(tree)
    totals = {"rows": ("*", "count"), "total": (query.total, "sum")}
    draft.add("aggregate", "totals", root, aggregations=totals)
    draft.add("sink", "out", "totals")
    return draft


def worst_first(rows: int) -> GraphDraft:
    """Return sales joined with all customers, half of the products and at last a few shops."""
    return draw(star(rows), ((("sale", "customer"), "product"), "shop"))


# --- runs ----------------------------------------------------------------------------------------


def seconds(query: Query, tree: Tree, repeat: int, *, reorders: bool) -> tuple[float, pa.Table]:
    """Return the least processor time of some runs, with planning, and the result."""
    optimizer = PlanOptimizer(enable_join_reordering=reorders)
    best, result = float("inf"), None
    for _ in range(repeat):
        graph = draw(query, tree).graph
        begun = time.process_time()
        result = graph.run(optimize=optimizer, parallelism=1)["outputs"]["out"]
        best = min(best, time.process_time() - begun)
    assert result is not None
    return best, result


def text(tree: Tree) -> str:
    """Return the tree as one reads it."""
    return tree if isinstance(tree, str) else f"({text(tree[0])} {text(tree[1])})"


def compare(name: str, query: Query, repeat: int) -> bool:
    """Print how the chosen order does; return whether it is at most 1.5 times the best."""
    every = list(trees(query))
    if len(every) > _TREES_MAX:
        chosen = np.random.default_rng(0).choice(len(every), _TREES_MAX, replace=False)
        every = [every[i] for i in sorted(chosen)]
    timed = []
    expected: pa.Table | None = None
    for tree in every:
        spent, result = seconds(query, tree, repeat, reorders=False)
        expected = result if expected is None else expected
        assert result.equals(expected), f"{text(tree)} gives other rows"
        timed.append((spent, text(tree), tree))
    timed.sort(key=lambda item: item[:2])
    spent, result = seconds(query, timed[-1][2], repeat + 2, reorders=True)
    assert result.equals(expected), "the chosen order gives other rows"
    best, worst = timed[0], timed[-1]
    print(
        f"{name}: {len(timed)} orders, best {best[0] * 1000:.1f} ms {best[1]}, middle "
        f"{timed[len(timed) // 2][0] * 1000:.1f} ms, worst {worst[0] * 1000:.1f} ms {worst[1]}; "
        f"chosen {spent * 1000:.1f} ms = {spent / best[0]:.2f} times the best, "
        f"{worst[0] / spent:.1f} times faster than the worst"
    )
    return spent <= 1.5 * best[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", nargs="*", help=", ".join(QUERIES))
    parser.add_argument("--rows", type=int, default=500_000, help="of the largest relation")
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    names = options.queries or list(QUERIES)
    good = [compare(name, QUERIES[name](options.rows), options.repeat) for name in names]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
