# SPDX-License-Identifier: Apache-2.0
"""Jobs under control: their states and their life."""
