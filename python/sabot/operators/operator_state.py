# SPDX-License-Identifier: Apache-2.0
"""State of Python operators as the engine carries it through snapshots: pickled, in one column."""

from __future__ import annotations

import pickle
from typing import Any

import pyarrow as pa

__all__ = ["pack_state", "unpack_state"]

_SCHEMA = pa.schema([("state", pa.large_binary())])


def pack_state(state: Any, title: str) -> pa.RecordBatch:
    """Return a state as the engine keeps it.

    Parameters
    ----------
    state
        Anything that can be pickled.
    title
        The operator, for the error.

    Raises
    ------
    TypeError
        If it cannot be pickled.
    """
    import cloudpickle

    try:
        data = cloudpickle.dumps(state)
    except Exception as error:
        raise TypeError(
            f"{title}: the state of type {type(state).__name__} cannot be part of a snapshot: "
            f"{error}; keep only what can be pickled in it"
        ) from error
    return pa.RecordBatch.from_arrays([pa.array([data], pa.large_binary())], schema=_SCHEMA)


def unpack_state(array: object) -> Any:
    """Return the state that `pack_state` wrote; `array` is a capsule of the engine's rows."""
    batch = pa.RecordBatch._import_from_c_capsule(_SCHEMA.__arrow_c_schema__(), array)
    if batch.num_rows != 1:
        raise ValueError(f"the state has {batch.num_rows} rows, expected 1")
    return pickle.loads(batch.column(0)[0].as_py())
