# SPDX-License-Identifier: Apache-2.0
"""What may be said about how a function runs: ``jit`` and ``on_error``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sabot.errors import InvalidJobError
from sabot.execution.operator_type import OperatorType
from sabot.udf.float_constants import with_numpy_floats

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["function_of"]


def function_of(node: StreamOperatorNode) -> Callable[..., Any]:
    """Return a node's function; refuse ways to run it that this version does not have.

    Raises
    ------
    InvalidJobError
        If the node's function cannot be called, or its ``jit`` or ``on_error`` cannot be had.
    """
    if not callable(node.function):
        of_what = (
            "a value and a batch" if node.operator_type is OperatorType.REDUCE else "one batch"
        )
        raise InvalidJobError(
            f"{node.title}: function: expected a function of {of_what}, found {node.function!r}"
        )
    jit = node.parameters.get("jit")
    if jit in ("scalar", "array"):
        raise InvalidJobError(
            f"{node.title}: parameter 'jit': {jit!r} asks for a compiled lane, which this version "
            "does not have; allowed: 'auto', 'off'"
        )
    if node.parameters.get("on_error") == "dead_letter":
        raise InvalidJobError(
            f"{node.title}: parameter 'on_error': 'dead_letter' asks for a side output, which this "
            "version does not have; allowed: 'fail', 'skip'"
        )
    return with_numpy_floats(node.function)
