# SPDX-License-Identifier: Apache-2.0
"""A plan before and after the optimizer, and the story in between."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sabot.execution.optimization import Optimization
    from sabot.execution.plan import Plan
    from sabot.execution.statistics import LatestRun

__all__ = ["explain"]

_WIDTH = 100
_COUNTED = {
    "filters_pushed": "filter pushed",
    "projections_pushed": "projection pushed",
    "joins_reordered": "join reordered",
    "operators_fused": "operator fused",
    "dead_code_eliminated": "dead operator removed",
}


def explain(plan: Plan, format: Literal["text", "json"], latest: LatestRun | None) -> str:
    """Return both forms of an optimized plan and what was done; see `JobGraph.explain`.

    Parameters
    ----------
    latest
        The latest run of this graph: has the rows that came, if it was optimized like this.
    """
    optimization = plan.optimization
    assert optimization is not None
    has_run = latest is not None and latest.passes == optimization.passes
    drawn = plan.drawn.explain(format)
    optimized = latest.explain(format) if latest and has_run else plan.core.explain(format)
    if format == "json":
        return json.dumps(
            {
                "drawn": json.loads(drawn),
                "optimized": json.loads(optimized),
                "passes": asdict(optimization.passes),
                "stats": optimization.counts,
                "trace": optimization.trace,
            }
        )
    if not optimization.has_changes:
        return f"{optimized.rstrip()}\n\n{_summary(optimization)}\n"
    return "\n\n".join(
        [
            "As it was drawn:\n" + drawn.rstrip(),
            "As it runs:\n" + optimized.rstrip(),
            _summary(optimization) + ":\n" + _story(optimization) + "\n",
        ]
    )


def _summary(optimization: Optimization) -> str:
    """Return what was changed, and by which passes, in a line."""
    changes = [
        f"{count:,} {_COUNTED[name] if count == 1 else _plural(_COUNTED[name])}"
        for name, count in optimization.counts.items()
        if count
    ]
    off = [name for name, is_on in asdict(optimization.passes).items() if not is_on]
    without = f" (switched off: {', '.join(off)})" if off else ""
    count = len(optimization.trace)
    done = f"{count:,} rewrite{'' if count == 1 else 's'}" if count else "nothing to change"
    counted = f" ({', '.join(changes)})" if changes else ""
    return f"Optimizer{without}: {done}{counted}"


def _plural(text: str) -> str:
    noun, _, rest = text.rpartition(" ")
    return f"{noun}s {rest}"


def _story(optimization: Optimization) -> str:
    lines: list[str] = []
    for number, step in enumerate(optimization.trace, 1):
        head = f"{number:3}. {step['pass']}: '{step['operator']}'"
        change = " -> ".join(text for text in (step["before"], step["after"]) if text)
        lines.append(f"{head}: {change}" if change else head)
        if step["reason"]:
            lines += textwrap.wrap(
                step["reason"], _WIDTH, initial_indent=" " * 5, subsequent_indent=" " * 5
            )
    return "\n".join(lines)
