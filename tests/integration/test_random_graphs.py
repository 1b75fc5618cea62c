# SPDX-License-Identifier: Apache-2.0
"""Random graphs give the reference's rows, however they are run: see tests/differential.

`./dev fuzz` goes on where this ends.
"""

import os

import pytest

from differential.check import check_seed

GRAPHS = int(os.environ.get("SABOT_RANDOM_GRAPHS", "5000"))
PART = 100


@pytest.mark.parametrize("first", range(0, GRAPHS, PART))
def test_every_mode_gives_the_rows_of_the_reference(first: int) -> None:
    for seed in range(first, first + PART):
        check_seed(seed)
