# SPDX-License-Identifier: Apache-2.0
"""The passes of `sabot.compiler.plan_optimizer.PlanOptimizer`, each by itself."""
