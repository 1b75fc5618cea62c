# SPDX-License-Identifier: Apache-2.0
"""The optimizer's laws on random graphs, with all 32 combinations of its passes.

`./dev laws` goes on where this ends.
"""

import os

import pytest

from differential.laws import Tally, check_laws

GRAPHS = int(os.environ.get("SABOT_LAW_GRAPHS", "150"))
PART = 25


@pytest.mark.parametrize("first", range(0, GRAPHS, PART))
def test_every_combination_of_passes_gives_the_rows_of_the_reference(first):
    tally = Tally()
    for seed in range(first, first + PART):
        check_laws(seed, tally)
    assert tally.graphs == PART
    assert tally.counts["filters_pushed"] > 0
    assert tally.counts["projections_pushed"] > 0


# Graphs that have found something: dead operators that kept filters, conditions on keys that came
# late, fused conditions that judged other rows, statistics that were asked for only once.
@pytest.mark.parametrize("seed", [28, 123, 176, 1041, 1113, 2028, 2158, 2193, 20214, 40092, 41142])
def test_what_random_graphs_have_found(seed):
    check_laws(seed, Tally())
