# SPDX-License-Identifier: Apache-2.0
"""User functions: what they see of a batch, and what becomes of what they return."""

from sabot.udf.batch_view import BatchView
from sabot.udf.column_view import ColumnView

__all__ = ["BatchView", "ColumnView"]
