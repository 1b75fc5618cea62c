# SPDX-License-Identifier: Apache-2.0
"""A single pass of the optimizer, to be looked at alone."""

from __future__ import annotations

from typing import ClassVar

from sabot.compiler.plan_optimizer import PlanOptimizer

__all__ = ["OnePass"]


class OnePass(PlanOptimizer):
    """A `PlanOptimizer` with one pass; subclasses say which."""

    pass_name: ClassVar[str]

    def __init__(self) -> None:
        names = (
            "filter_pushdown",
            "projection_pushdown",
            "join_reordering",
            "operator_fusion",
            "dead_code_elimination",
        )
        super().__init__(**{f"enable_{name}": name == self.pass_name for name in names})
