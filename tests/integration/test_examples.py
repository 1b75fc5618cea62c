# SPDX-License-Identifier: Apache-2.0
"""Every Python example runs, says what it must, and exits 0; the demo notices a wrong result."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py"))
DEMO = "06_reference/fintech_pipeline/arrow_optimized_enrichment.py"
ARGUMENTS = {DEMO: ["--quotes", "20000", "--securities", "2000"]}
HEADINGS = ("What this demonstrates", "Prerequisites", "Runtime", "Next steps", "Run")


def run(name, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"},
        timeout=90,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_example_runs_and_is_right(name, tmp_path):
    done = run(name, *ARGUMENTS.get(name, []), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_example_explains_itself(name):
    text = ast.get_docstring(ast.parse((EXAMPLES / name).read_text()))
    assert all(f"\n{heading}\n" in text for heading in HEADINGS)
    assert f"python examples/{name}" in text
    assert ((EXAMPLES / name).parent / "README.md").is_file()


def test_demo_shows_what_it_promises(tmp_path):
    done = run(DEMO, *ARGUMENTS[DEMO], "--data-dir", str(tmp_path))
    text = done.stdout
    for part in (
        "market.quotes: 20,000 rows",
        "reference.securities: 2,000 rows",
        "filter 'filter_high_value'",
        "[local] Executing hash_join: enrich_quotes",
        "% retained)",
        "rows/s",
        "ledger",
        "Security ",
        "the two results are equal",
    ):
        assert part in text
    assert text.count("→ Loaded 20,000 rows") == 2
    assert list(tmp_path.rglob("*.parquet"))


def test_demo_has_help():
    done = run(DEMO, "--help")
    assert done.returncode == 0
    assert all(flag in done.stdout for flag in ("--quotes", "--securities", "--data-dir"))
    assert run(DEMO, "--quotes", "0").returncode == 2


def test_demo_notices_a_difference(monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("demo", EXAMPLES / DEMO)
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    original = demo.run

    def lossy(title, graph):
        table = original(title, graph)
        return table.slice(1) if "Parquet" in title else table

    monkeypatch.setattr(demo, "run", lossy)
    monkeypatch.setattr(sys, "argv", ["demo", *ARGUMENTS[DEMO]])
    assert demo.main() == 1
    assert "THE TWO RESULTS DIFFER" in capsys.readouterr().out
    assert isinstance(demo.make_quotes(3, 2), pa.Table)
