# SPDX-License-Identifier: Apache-2.0
"""Runs of operators without state as one."""

from __future__ import annotations

from sabot.compiler.one_pass import OnePass

__all__ = ["OperatorFusion"]


class OperatorFusion(OnePass):
    """Merges filters, maps and selects that follow each other, and a sort with its limit.

    Examples
    --------
    >>> OperatorFusion()
    OperatorFusion(operator_fusion)
    """

    pass_name = "operator_fusion"
