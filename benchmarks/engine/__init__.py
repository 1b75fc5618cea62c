# SPDX-License-Identifier: Apache-2.0
"""What engine_bench.py runs: cases beside other engines, and small measures with a limit."""
