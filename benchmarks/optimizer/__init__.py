# SPDX-License-Identifier: Apache-2.0
"""What the optimizer gains, pass by pass: see benchmarks/README.md."""
