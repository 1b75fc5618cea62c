# SPDX-License-Identifier: Apache-2.0
"""Graphs of operators and how they run in this process."""
