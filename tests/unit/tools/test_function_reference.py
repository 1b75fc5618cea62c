# SPDX-License-Identifier: Apache-2.0
"""The reference of functions is written from what they say, and a stale page is noticed."""

import function_reference


def describe(name, category="Text", text="f('a|b')"):
    return {
        "name": name,
        "category": category,
        "signature": "text",
        "summary": f"What {name} gives.",
        "example": {"text": text, "result": "'x'"},
    }


def test_the_page_has_a_table_per_category_and_a_row_per_function():
    page = function_reference.page(
        [describe("one"), describe("two", "Numbers"), describe("three")],
    )
    assert page.index("## Text") < page.index("`three`") < page.index("## Numbers")
    assert r"| `one` | text | What one gives. | `f('a\|b')` | `'x'` |" in page


def test_a_stale_page_is_noticed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(function_reference, "PAGE", tmp_path / "functions.md")
    assert function_reference.main(["--check"]) == 1
    assert function_reference.main([]) == 0
    assert function_reference.main(["--check"]) == 0
    function_reference.PAGE.write_text(function_reference.PAGE.read_text() + "more\n")
    assert function_reference.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().out
