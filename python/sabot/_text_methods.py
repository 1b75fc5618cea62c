# SPDX-License-Identifier: Apache-2.0
"""The methods of `Expr` for text.

``docs/reference/functions.md`` has every function, ``docs/reference/expressions.md`` the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.expressions import Expr

__all__ = ["TextMethods"]


class TextMethods:
    """Lengths, cases, parts, compositions and patterns. Positions count characters from 1."""

    __slots__ = ()

    def _function(self, function: str, *args: Any) -> Expr:
        raise NotImplementedError

    def length(self) -> Expr:
        """Return the characters of text (code points), the bytes of binary."""
        return self._function("length", self)

    def byte_length(self) -> Expr:
        """Return how many bytes there are, of text in UTF-8."""
        return self._function("byte_length", self)

    def upper(self) -> Expr:
        """Return the text in upper case, character for character.

        Examples
        --------
        >>> from sabot import col
        >>> col('side').upper()
        upper(col('side'))
        """
        return self._function("upper", self)

    def lower(self) -> Expr:
        """Return the text in lower case, character for character."""
        return self._function("lower", self)

    def trim(self, characters: str | None = None) -> Expr:
        """Return the text without `characters` (default: white space) at both ends."""
        return self._function("trim", self, *_given(characters))

    def ltrim(self, characters: str | None = None) -> Expr:
        """Return the text without `characters` (default: white space) at its beginning."""
        return self._function("ltrim", self, *_given(characters))

    def rtrim(self, characters: str | None = None) -> Expr:
        """Return the text without `characters` (default: white space) at its end."""
        return self._function("rtrim", self, *_given(characters))

    def pad_left(self, width: Any, filling: str = " ") -> Expr:
        """Return the text with fillings before it, at least `width` characters wide.

        Examples
        --------
        >>> from sabot import col
        >>> col('n').cast('utf8').pad_left(3, '0')
        pad_left(col('n').cast('utf8'), 3, '0')
        """
        return self._function("pad_left", self, width, filling)

    def pad_right(self, width: Any, filling: str = " ") -> Expr:
        """Return the text with fillings behind it, at least `width` characters wide."""
        return self._function("pad_right", self, width, filling)

    def substring(self, position: Any, length: Any = None) -> Expr:
        """Return `length` characters, or all, from `position` on.

        The first character is at 1; a negative position counts from the end.

        Examples
        --------
        >>> from sabot import col
        >>> col('isin').substring(1, 2)
        substring(col('isin'), 1, 2)
        """
        return self._function("substring", self, position, *_given(length))

    def left(self, count: Any) -> Expr:
        """Return the first `count` characters; all but the last ones if it is negative."""
        return self._function("left", self, count)

    def right(self, count: Any) -> Expr:
        """Return the last `count` characters; all but the first ones if it is negative."""
        return self._function("right", self, count)

    def concat(self, *others: Any) -> Expr:
        """Return this text and `others` one behind the other; null if one is null.

        Examples
        --------
        >>> from sabot import col
        >>> col('a').concat('-', col('b'))
        concat(col('a'), '-', col('b'))
        """
        return self._function("concat", self, *others)

    def repeat(self, count: Any) -> Expr:
        """Return the text `count` times."""
        return self._function("repeat", self, count)

    def reverse(self) -> Expr:
        """Return the characters from the last to the first."""
        return self._function("reverse", self)

    def replace(self, part: Any, replacement: Any) -> Expr:
        """Return the text with every occurrence of `part` replaced."""
        return self._function("replace", self, part, replacement)

    def split_part(self, delimiter: Any, index: Any) -> Expr:
        """Return part `index` of what `delimiter` separates: 1 is the first, -1 the last."""
        return self._function("split_part", self, delimiter, index)

    def position(self, part: Any) -> Expr:
        """Return at which character `part` begins first, from 1; 0 if nowhere."""
        return self._function("position", self, part)

    def to_hex(self) -> Expr:
        """Return the bytes as hexadecimal digits."""
        return self._function("to_hex", self)

    def from_hex(self) -> Expr:
        """Return hexadecimal digits as binary; other text fails the job."""
        return self._function("from_hex", self)

    def contains(self, part: Any) -> Expr:
        """Return whether `part` occurs in the text."""
        return self._function("contains", self, part)

    def starts_with(self, part: Any) -> Expr:
        """Return whether the text begins with `part`."""
        return self._function("starts_with", self, part)

    def ends_with(self, part: Any) -> Expr:
        """Return whether the text ends with `part`."""
        return self._function("ends_with", self, part)

    def like(self, pattern: Any, escape: str | None = None) -> Expr:
        """Return whether `pattern` describes the whole text.

        ``%`` is any text, ``_`` one character; what follows `escape` is itself.

        Examples
        --------
        >>> from sabot import col
        >>> col('name').like('%bond%')
        like(col('name'), '%bond%')
        """
        return self._function("like", self, pattern, *_given(escape))

    def ilike(self, pattern: Any, escape: str | None = None) -> Expr:
        """Return what `like` does, with both in lower case."""
        return self._function("ilike", self, pattern, *_given(escape))

    def regexp_matches(self, pattern: str) -> Expr:
        """Return whether the regular expression (PCRE2) matches somewhere in the text.

        Examples
        --------
        >>> from sabot import col
        >>> col('id').regexp_matches('^[0-9]+$')
        regexp_matches(col('id'), '^[0-9]+$')
        """
        return self._function("regexp_matches", self, pattern)

    def regexp_extract(self, pattern: str, group: int = 0) -> Expr:
        """Return what the first match, or `group` in it, is; null if there is none."""
        return self._function("regexp_extract", self, pattern, group)

    def regexp_replace(self, pattern: str, replacement: str) -> Expr:
        r"""Return the text with every match replaced; ``\1`` stands for the first group."""
        return self._function("regexp_replace", self, pattern, replacement)


def _given(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)
