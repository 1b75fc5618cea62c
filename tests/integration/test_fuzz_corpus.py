# SPDX-License-Identifier: Apache-2.0
"""Damage that fuzzing has found once is still told as an error; see tests/fuzz."""

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parent.parent / "fuzz"


def test_damaged_topics_never_end_the_process():
    inputs = sorted((FUZZ / "corpus" / "topic_log").iterdir())
    assert inputs
    command = [sys.executable, str(FUZZ / "fuzz_topic_log.py"), *map(str, inputs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
