# SPDX-License-Identifier: Apache-2.0
"""What any benchmark needs: the machine, fair turns, readable numbers."""
