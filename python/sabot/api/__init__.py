# SPDX-License-Identifier: Apache-2.0
"""Ways to write a job: `sabot.api.stream.Stream`."""
