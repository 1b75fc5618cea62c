# SPDX-License-Identifier: Apache-2.0
"""Time zones for systems that have no database of their own.

The engine reads zones from ``SABOT_TZDIR``, ``TZDIR`` or the system's folder. Slim containers have
none; then the files of the `tzdata` package, which comes with Sabot, are read.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from sabot import _core


def name_packaged_zones() -> str | None:
    """Tell the engine where the `tzdata` package keeps its zones; return the folder."""
    package = importlib.util.find_spec("tzdata")
    if package is None or package.origin is None:
        return None
    folder = str(Path(package.origin).parent / "zoneinfo")
    _core.set_time_zone_folder(folder)
    return folder
