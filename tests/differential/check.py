# SPDX-License-Identifier: Apache-2.0
"""One seed: its graph, in several modes."""

from __future__ import annotations

import numpy as np

from differential.compare import Expectation
from differential.graphs import draw_graph
from differential.modes import draw_modes, run_and_check


def check_seed(seed: int, mode_count: int = 3) -> None:
    """Draw the graph of a seed and run it in so many modes, and with a snapshot.

    Raises
    ------
    AssertionError
        With the graph, the mode and the first difference.
    """
    graph = draw_graph(seed)
    expected = {i: Expectation(graph.nodes[i].relation) for i in graph.sinks}
    for mode in draw_modes(np.random.default_rng([seed, 1]), mode_count):
        try:
            run_and_check(graph, mode, expected)
        except Exception as error:
            raise AssertionError(
                f"{graph.describe()}\n  {mode}\n  {type(error).__name__}: {error}"
            ) from error
