# SPDX-License-Identifier: Apache-2.0
"""The methods of `Expr` for dates and timestamps.

A timestamp with a zone counts by its clock and calendar. ``docs/reference/functions.md``
has every function, ``docs/reference/expressions.md`` the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.expressions import Expr

__all__ = ["TimeMethods"]


class TimeMethods:
    """Parts of times, truncation, moving, differences, patterns and zones."""

    __slots__ = ()

    def _function(self, function: str, *args: Any) -> Expr:
        raise NotImplementedError

    def date_trunc(self, unit: str) -> Expr:
        """Return the beginning of the unit that the time is in.

        Parameters
        ----------
        unit
            ``'nanosecond'`` to ``'hour'``, ``'day'``, ``'week'`` (begins on Monday), ``'month'``,
            ``'quarter'`` or ``'year'``.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").date_trunc("month")
        date_trunc('month', col('at'))
        """
        return self._function("date_trunc", unit, self)

    def date_part(self, part: str) -> Expr:
        """Return a part of the time, such as ``'year'``, ``'week'`` or ``'epoch'``.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").date_part("day_of_week")
        date_part('day_of_week', col('at'))
        """
        return self._function("date_part", part, self)

    def date_add(self, amount: Any, unit: str) -> Expr:
        """Return the time moved by `amount` units; a day that the month lacks is its last.

        Examples
        --------
        >>> from sabot import col
        >>> col("due").date_add(3, "month")
        date_add(col('due'), 3, 'month')
        """
        return self._function("date_add", self, amount, unit)

    def date_sub(self, amount: Any, unit: str) -> Expr:
        """Return the time moved back by `amount` units.

        Examples
        --------
        >>> from sabot import col
        >>> col("due").date_sub(col("days"), "day")
        date_sub(col('due'), col('days'), 'day')
        """
        return self._function("date_sub", self, amount, unit)

    def date_diff(self, to: Any, unit: str) -> Expr:
        """Return how many beginnings of a unit lie between this time and `to`.

        Examples
        --------
        >>> from sabot import col
        >>> col("ordered").date_diff(col("paid"), "day")
        date_diff('day', col('ordered'), col('paid'))
        """
        return self._function("date_diff", unit, self, to)

    def last_day(self) -> Expr:
        """Return the last day of the month."""
        return self._function("last_day", self)

    def year(self) -> Expr:
        """Return the year."""
        return self._function("year", self)

    def iso_year(self) -> Expr:
        """Return the year that the week of ISO 8601 belongs to."""
        return self._function("iso_year", self)

    def quarter(self) -> Expr:
        """Return the quarter, 1 to 4."""
        return self._function("quarter", self)

    def month(self) -> Expr:
        """Return the month, 1 to 12."""
        return self._function("month", self)

    def week(self) -> Expr:
        """Return the week of ISO 8601, 1 to 53."""
        return self._function("week", self)

    def day(self) -> Expr:
        """Return the day of the month, 1 to 31."""
        return self._function("day", self)

    def day_of_week(self) -> Expr:
        """Return the day of the week, 0 (Sunday) to 6."""
        return self._function("day_of_week", self)

    def iso_day_of_week(self) -> Expr:
        """Return the day of the week, 1 (Monday) to 7."""
        return self._function("iso_day_of_week", self)

    def day_of_year(self) -> Expr:
        """Return the day of the year, 1 to 366."""
        return self._function("day_of_year", self)

    def hour(self) -> Expr:
        """Return the hour, 0 to 23."""
        return self._function("hour", self)

    def minute(self) -> Expr:
        """Return the minute, 0 to 59."""
        return self._function("minute", self)

    def second(self) -> Expr:
        """Return the second, 0 to 59."""
        return self._function("second", self)

    def millisecond(self) -> Expr:
        """Return the milliseconds of the minute, seconds included."""
        return self._function("millisecond", self)

    def microsecond(self) -> Expr:
        """Return the microseconds of the minute, seconds included."""
        return self._function("microsecond", self)

    def nanosecond(self) -> Expr:
        """Return the nanoseconds of the minute, seconds included."""
        return self._function("nanosecond", self)

    def epoch(self, unit: str | None = None) -> Expr:
        """Return the time since 1970-01-01.

        Parameters
        ----------
        unit
            ``'s'``, ``'ms'``, ``'us'`` or ``'ns'`` give a whole number; by default it is seconds
            as a float.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").epoch("ms")
        epoch_ms(col('at'))
        """
        if unit not in (None, "s", "ms", "us", "ns"):
            raise ValueError(f"epoch: unit is {unit!r}; allowed: None, 's', 'ms', 'us', 'ns'")
        return self._function("epoch" if unit is None else f"epoch_{unit}", self)

    def to_timestamp(self, unit: str = "s") -> Expr:
        """Return the instant so many units after 1970-01-01, in UTC.

        Examples
        --------
        >>> from sabot import col
        >>> col("millis").to_timestamp("ms")
        to_timestamp(col('millis'), 'ms')
        """
        return self._function("to_timestamp", self, unit)

    def strftime(self, pattern: str) -> Expr:
        """Return the time as text in a pattern.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").strftime("%Y-%m-%d %H:%M")
        strftime(col('at'), '%Y-%m-%d %H:%M')
        """
        return self._function("strftime", self, pattern)

    def strptime(self, pattern: str, *, on_error: str | None = None) -> Expr:
        """Return the timestamp that the text is in a pattern.

        Parameters
        ----------
        pattern
            As for `strftime`. With ``%z`` or ``%s`` the result is in UTC, else it has no zone.
        on_error
            ``'null'`` gives null for other text; by default that fails the job.

        Examples
        --------
        >>> from sabot import col
        >>> col("text").strptime("%d.%m.%Y", on_error="null")
        try_strptime(col('text'), '%d.%m.%Y')
        """
        if on_error not in (None, "null"):
            raise ValueError(f"strptime: on_error is {on_error!r}; allowed: None, 'null'")
        return self._function("strptime" if on_error is None else "try_strptime", self, pattern)

    def convert_time_zone(self, zone: str) -> Expr:
        """Return the same instant in another zone.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").convert_time_zone("Europe/Berlin")
        convert_time_zone(col('at'), 'Europe/Berlin')
        """
        return self._function("convert_time_zone", self, zone)

    def replace_time_zone(self, zone: str | None, *, ambiguous: str = "earliest") -> Expr:
        """Return the same clock in another zone, or in none.

        Parameters
        ----------
        zone
            A name such as ``'Europe/Berlin'``, ``'UTC'`` or ``'+02:00'``; None takes the zone away.
        ambiguous
            What a clock becomes that the zone showed twice or never: ``'earliest'``,
            ``'latest'``, ``'raise'`` or ``'null'``. One that was never shown is moved forward by
            the first two.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").replace_time_zone("Europe/Berlin", ambiguous="raise")
        replace_time_zone(col('at'), 'Europe/Berlin', 'raise')
        """
        return self._function("replace_time_zone", self, zone, ambiguous)

    def at_time_zone(self, zone: str, *, ambiguous: str = "earliest") -> Expr:
        """Return the instant at which `zone` showed a clock, or the clock it showed at an instant.

        Examples
        --------
        >>> from sabot import col
        >>> col("at").at_time_zone("Asia/Kolkata")
        at_time_zone(col('at'), 'Asia/Kolkata', 'earliest')
        """
        return self._function("at_time_zone", self, zone, ambiguous)
