# SPDX-License-Identifier: Apache-2.0
"""What an operator written in Python is told about the job it is part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["OperatorContext"]


@dataclass(frozen=True)
class OperatorContext:
    """The argument of `BaseOperator.open` inside a job.

    Parameters
    ----------
    job_name
        Of the graph.
    operator_id, name
        Of the node.
    parameters
        Of the node; not to be changed.
    input_schema, output_schema
        The columns that come in, and those that must come out.
    instance_index, instance_count
        Which of how many instances this is. In one process a CUSTOM operator is one instance, which
        sees all rows.
    """

    job_name: str
    operator_id: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    input_schema: pa.Schema | None = None
    output_schema: pa.Schema | None = None
    instance_index: int = 0
    instance_count: int = 1
