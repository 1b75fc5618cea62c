# SPDX-License-Identifier: Apache-2.0
"""How a function runs, found out from its source, for EXPLAIN.

``vectorised``: it computes with whole columns. ``row-wise``: it has a loop over rows, so Python
runs for each. Both get the same batch and give the same rows; the compiled lanes of later versions
take over what they can.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Lane", "lane_of"]


class Lane(NamedTuple):
    """How a function runs, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def lane_of(function: Callable[..., Any]) -> Lane:
    """Return the lane of a function.

    Examples
    --------
    >>> import math
    >>> lane_of(math.sqrt)
    Lane(name='vectorised', reason='its source is not known')
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    tree = _tree_of(function) if code is not None else None
    if tree is None:
        return Lane("vectorised", "its source is not known")
    names = set(code.co_varnames[: code.co_argcount]) if code is not None else set()
    finder = _LoopFinder(names)
    finder.visit(tree)
    if finder.found is None:
        return Lane("vectorised", "no loop over rows")
    what, line = finder.found
    return Lane("row-wise", f"{what} in line {line}")


def _tree_of(function: Callable[..., Any]) -> ast.AST | None:
    """Return the syntax tree of exactly this function, or None."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    ast.increment_lineno(tree, first - 1)
    code = inspect.unwrap(function).__code__
    wanted = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, wanted) and _arguments_of(node) == code.co_varnames[: code.co_argcount]
    ]
    return found[0] if len(found) == 1 else None


def _arguments_of(node: Any) -> tuple[str, ...]:
    return tuple(arg.arg for arg in (*node.args.posonlyargs, *node.args.args))


class _LoopFinder(ast.NodeVisitor):
    """Finds the first loop over something that comes from the batch."""

    def __init__(self, names: set[str]) -> None:
        self._names = names  # the arguments, and what was made of them
        self.found: tuple[str, int] | None = None

    def visit_Assign(self, node: ast.Assign) -> None:
        if self._is_rows(node.value):
            for target in node.targets:
                self._names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._note("a for loop over rows", node.iter, node.lineno)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._note("a while loop", node.test, node.lineno)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._note("a comprehension over rows", node.iter, node.iter.lineno)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("map", "filter", "list", "sorted"):
            for argument in node.args:
                self._note(f"{name}() over rows", argument, node.lineno)
        self.generic_visit(node)

    def _note(self, what: str, iterated: ast.AST, line: int) -> None:
        if self.found is None and self._is_rows(iterated):
            self.found = (what, line)

    def _is_rows(self, node: ast.AST) -> bool:
        """Return whether an expression reads the batch, other than its names and schema."""
        parts = [node]
        while parts:
            part = parts.pop()
            if isinstance(part, ast.Attribute) and part.attr in ("column_names", "schema"):
                continue
            if isinstance(part, ast.Name) and part.id in self._names:
                return True
            parts.extend(ast.iter_child_nodes(part))
        return False
