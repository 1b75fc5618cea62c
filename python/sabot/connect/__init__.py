# SPDX-License-Identifier: Apache-2.0
"""Where rows come from and where they go: memory, files, topics, functions."""
