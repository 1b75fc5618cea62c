# SPDX-License-Identifier: Apache-2.0
"""New interpreters, as a user's first command would start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

_HOME = Path(__file__).parent.parent  # where `engine` is


class FreshProcesses:
    """Starts interpreters that find compiled bytecode, as in an installed package.

    The first run of each program fills the cache and does not count: call `run_json` once more than
    needed and drop the first.
    """

    def __enter__(self) -> FreshProcesses:
        self._cache = tempfile.TemporaryDirectory()
        self._environment = {
            **os.environ,
            "PYTHONPYCACHEPREFIX": self._cache.name,
            "PYTHONPATH": os.pathsep.join([str(_HOME), *_inherited_paths()]),
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cache.cleanup()

    def run_json(self, *arguments: str) -> Any:
        """Run ``python ARGUMENTS`` and return what it prints, read as JSON."""
        done = subprocess.run(
            [sys.executable, *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=self._environment,
        )
        return json.loads(done.stdout)


def _inherited_paths() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
