# SPDX-License-Identifier: Apache-2.0
"""Graphs made cheaper before they run: `sabot.compiler.plan_optimizer.PlanOptimizer`."""
