# SPDX-License-Identifier: Apache-2.0
"""The float constants of a function as NumPy has them.

``1.0 / n`` with a Python float raises where n is 0, and ``1.0 / column`` gives infinity. With
`numpy.float64` for ``1.0`` both give infinity, so a loop over values agrees with the columns.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import numpy as np

__all__ = ["with_numpy_floats"]


def with_numpy_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its float constants, and those of functions in it, as NumPy's.

    Anything but a plain function stays as it is.

    Examples
    --------
    >>> def share(n):
    ...     return 1.0 / n
    >>> with np.errstate(divide="ignore"):
    ...     with_numpy_floats(share)(0)
    np.float64(inf)
    """
    if type(function) is not FunctionType:
        return function
    code = _converted(function.__code__)
    if code is function.__code__:
        return function
    copy = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__dict__.update(function.__dict__)
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return copy


def _converted(code: CodeType) -> CodeType:
    constants = tuple(_constant(value) for value in code.co_consts)
    if all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=constants)


def _constant(value: Any) -> Any:
    if type(value) is float:
        return np.float64(value)
    return _converted(value) if isinstance(value, CodeType) else value
