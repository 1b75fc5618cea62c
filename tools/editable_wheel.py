#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a wheel that holds no code, only a path to python/ and the package's metadata.

`./dev setup` installs it. Compared with `pip install -e .` nothing is checked or compiled when a
program imports sabot, so many processes may start at once while the sources change; `./dev build`
compiles. Run as `tools/editable_wheel.py FOLDER`; prints the wheel's path.
"""

import re
import sys
import tomllib
import zipfile
from pathlib import Path

from packaging.version import Version
from pyproject_metadata import StandardMetadata

ROOT = Path(__file__).resolve().parent.parent

WHEEL = """\
Wheel-Version: 1.0
Generator: editable_wheel.py
Root-Is-Purelib: true
Tag: py3-none-any
"""


def version() -> str:
    """Return the version that meson.build gives to the project."""
    match = re.search(r"^  version: '([^']+)'", (ROOT / "meson.build").read_text(), re.MULTILINE)
    if match is None:
        sys.exit("meson.build: expected a line like \"  version: '0.1.0',\" in project()")
    return match[1]


def entry_points(project: dict[str, dict[str, str]]) -> str:
    """Return the text of entry_points.txt."""
    scripts = project.get("scripts", {})
    lines = [f"{name} = {target}" for name, target in scripts.items()]
    return "\n".join(["[console_scripts]", *lines, ""])


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit("usage: editable_wheel.py FOLDER")
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    if not (ROOT / "README.md").is_file():
        pyproject["project"].pop("readme", None)
    metadata = StandardMetadata.from_pyproject(pyproject, ROOT)
    metadata.version = Version(version())
    info = f"sabot-{metadata.version}.dist-info"
    content = {
        "sabot.pth": f"{ROOT / 'python'}\n",
        f"{info}/METADATA": str(metadata.as_rfc822()),
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": entry_points(pyproject["project"]),
    }
    record = "".join(f"{name},,\n" for name in [*content, f"{info}/RECORD"])

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"sabot-{metadata.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**content, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    print(wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
