# SPDX-License-Identifier: Apache-2.0
"""Operators written in Python, and the engine's morsels and hash as objects."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sabot.operators.base_operator import BaseOperator

if TYPE_CHECKING:
    from sabot.operators.hash_partitioner import HashPartitioner
    from sabot.operators.morsel_operator import MorselDrivenOperator
    from sabot.operators.operator_context import OperatorContext
    from sabot.operators.parallel_processor import ParallelProcessor
    from sabot.operators.shuffled_operator import ShuffledOperator

__all__ = [
    "BaseOperator",
    "HashPartitioner",
    "MorselDrivenOperator",
    "OperatorContext",
    "ParallelProcessor",
    "ShuffledOperator",
]

# These need the engine, which needs BaseOperator.
_HOMES = {
    "HashPartitioner": "hash_partitioner",
    "MorselDrivenOperator": "morsel_operator",
    "OperatorContext": "operator_context",
    "ParallelProcessor": "parallel_processor",
    "ShuffledOperator": "shuffled_operator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sabot.operators' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"sabot.operators.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
