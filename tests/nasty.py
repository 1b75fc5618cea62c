# SPDX-License-Identifier: Apache-2.0
"""Random rows with every kind of trouble, for tests."""

import math

import numpy as np
import pyarrow as pa

SPECIAL = [0.0, -0.0, math.nan, math.inf, -math.inf, 1e308, 5e-324]
WORDS = ["", "a", "b", "aa", "ä", "日本語", "x" * 11, "x" * 12, "x" * 13, "y" * 300, "a\0b"]


def nasty(seed, count):
    """Return columns of every kind of trouble: nulls, NaN, both zeros, long and odd text, skew."""
    rng = np.random.default_rng(seed)

    def holes(values, share=0.15):
        return [
            None if hole else v for v, hole in zip(values, rng.random(count) < share, strict=True)
        ]

    floats = rng.normal(0, 100, count)
    at = rng.random(count) < 0.2
    floats[at] = rng.choice(SPECIAL, at.sum())
    skewed = np.where(rng.random(count) < 0.5, 7, rng.integers(0, 40, count))
    return pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "k": pa.array(holes(skewed.tolist()), pa.int64()),
            "small": pa.array(holes(rng.integers(-128, 128, count).tolist()), pa.int8()),
            "x": pa.array(holes(floats.tolist()), pa.float64()),
            "w": pa.array(holes(rng.choice(WORDS, count).tolist()), pa.string()),
            "flag": pa.array(holes((rng.random(count) < 0.5).tolist()), pa.bool_()),
            "day": pa.array(holes(rng.integers(0, 30, count).tolist()), pa.int32()).cast(
                pa.date32()
            ),
            "none": pa.nulls(count, pa.int64()),
        }
    )
