# SPDX-License-Identifier: Apache-2.0
"""Sabot: one engine for streams and batches of Arrow data.

Names load when they are first used, so that ``import sabot`` costs next to nothing.

Examples
--------
>>> import sabot
>>> graph = sabot.JobGraph("hello")
>>> source = graph.add_operator(
...     sabot.StreamOperatorNode(
...         sabot.OperatorType.SOURCE, "numbers", {"data": {"n": [1, 2, 3, 4]}}
...     )
... )
>>> even = graph.add_operator(
...     sabot.StreamOperatorNode(
...         sabot.OperatorType.FILTER, "even", {"predicate": sabot.col("n") % 2 == 0}
...     )
... )
>>> sink = graph.add_operator(sabot.StreamOperatorNode(sabot.OperatorType.SINK, "out"))
>>> graph.connect(source, even)
>>> graph.connect(even, sink)
>>> graph.run()["outputs"]["out"].to_pylist()
[{'n': 2}, {'n': 4}]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.api.stream import Stream
    from sabot.errors import InvalidJobError, JobCanceledError, JobFailedError, SabotError
    from sabot.execution.job_graph import JobGraph, OperatorType, StreamOperatorNode
    from sabot.expressions import (
        Expr,
        call,
        coalesce,
        col,
        concat_ws,
        greatest,
        least,
        lit,
        when,
    )
    from sabot.job_manager import JobManager
    from sabot.operators import BaseOperator

    __version__: str

_HOMES = {
    "BaseOperator": "sabot.operators",
    "Expr": "sabot.expressions",
    "InvalidJobError": "sabot.errors",
    "JobCanceledError": "sabot.errors",
    "JobFailedError": "sabot.errors",
    "JobGraph": "sabot.execution.job_graph",
    "JobManager": "sabot.job_manager",
    "OperatorType": "sabot.execution.job_graph",
    "SabotError": "sabot.errors",
    "Stream": "sabot.api.stream",
    "StreamOperatorNode": "sabot.execution.job_graph",
    "call": "sabot.expressions",
    "coalesce": "sabot.expressions",
    "col": "sabot.expressions",
    "concat_ws": "sabot.expressions",
    "greatest": "sabot.expressions",
    "least": "sabot.expressions",
    "lit": "sabot.expressions",
    "when": "sabot.expressions",
}

__all__ = [
    "BaseOperator",
    "Expr",
    "InvalidJobError",
    "JobCanceledError",
    "JobFailedError",
    "JobGraph",
    "JobManager",
    "OperatorType",
    "SabotError",
    "Stream",
    "StreamOperatorNode",
    "__version__",
    "call",
    "coalesce",
    "col",
    "concat_ws",
    "greatest",
    "least",
    "lit",
    "when",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("sabot._core").version()
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'sabot' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
