# SPDX-License-Identifier: Apache-2.0
"""Every public name is where it is promised, and importing costs little."""

import importlib
import subprocess
import sys

import pytest

NAMES = {
    "sabot": [
        "BaseOperator",
        "InvalidJobError",
        "JobFailedError",
        "JobGraph",
        "JobManager",
        "OperatorType",
        "SabotError",
        "Stream",
        "StreamOperatorNode",
        "__version__",
        "col",
        "lit",
    ],
    "sabot.execution.job_graph": ["JobGraph", "OperatorType", "StreamOperatorNode"],
    "sabot.compiler.plan_optimizer": ["OptimizationStats", "PlanOptimizer"],
    "sabot.compiler.optimizations.filter_pushdown": ["FilterPushdown"],
    "sabot.compiler.optimizations.projection_pushdown": ["ProjectionPushdown"],
    "sabot.compiler.optimizations.join_reordering": ["JoinReordering"],
    "sabot.compiler.optimizations.operator_fusion": ["OperatorFusion"],
    "sabot.errors": ["InvalidJobError", "JobFailedError", "SabotError"],
    "sabot.expressions": ["Expr", "coalesce", "col", "lit"],
    "sabot.job_manager": ["JobManager"],
    "sabot.operators": [
        "BaseOperator",
        "HashPartitioner",
        "MorselDrivenOperator",
        "OperatorContext",
        "ParallelProcessor",
        "ShuffledOperator",
    ],
    "sabot.udf": ["BatchView", "ColumnView"],
    "sabot.connect.topic_log": ["TopicLog"],
    "sabot.api.stream": ["GroupedStream", "Stream"],
    "sabot._core": ["Graph", "Job", "Snapshot", "hash_rows", "processor_count", "version"],
}
HEAVY = ["cloudpickle", "dbos", "duckdb", "numba", "numpy", "pyarrow", "rich"]


@pytest.mark.parametrize(("module", "name"), [(m, n) for m in NAMES for n in NAMES[m]])
def test_name_is_there(module, name):
    assert hasattr(importlib.import_module(module), name)


def test_unknown_name_is_an_attribute_error():
    import sabot

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sabot.nothing


def test_dir_shows_the_public_names():
    import sabot

    assert set(sabot.__all__) <= set(dir(sabot))


def test_importing_sabot_loads_nothing_heavy():
    program = f"import sabot, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert _python(program) == "[]"


def test_importing_sabot_takes_less_than_100_ms():
    program = (
        "import time; begin = time.perf_counter(); import sabot; "
        "print((time.perf_counter() - begin) * 1000)"
    )
    assert min(float(_python(program)) for _ in range(3)) < 100.0


def test_errors_are_what_they_should_be():
    from sabot import InvalidJobError, JobFailedError, SabotError

    assert issubclass(InvalidJobError, SabotError)
    assert issubclass(InvalidJobError, ValueError)
    assert issubclass(JobFailedError, SabotError)


def _python(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
