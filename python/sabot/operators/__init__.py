# SPDX-License-Identifier: Apache-2.0
"""Operators written in Python."""

from sabot.operators.base_operator import BaseOperator

__all__ = ["BaseOperator"]
