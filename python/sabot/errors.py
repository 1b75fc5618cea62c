# SPDX-License-Identifier: Apache-2.0
"""The exceptions every part of Sabot raises.

`SabotError` is the base. `InvalidJobError` says that a graph is wrong and nothing has run;
`JobFailedError` that rows were at work when something failed. Messages name the operator, say what
was expected and found, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["InvalidJobError", "JobCanceledError", "JobFailedError", "SabotError"]

_OPERATOR = re.compile(r"operator '([^']*)'")


class SabotError(Exception):
    """Base of every error that Sabot raises on purpose."""

    @property
    def operator(self) -> str | None:
        """Name of the operator that the message is about, if it names one.

        Examples
        --------
        >>> SabotError("operator 'load' (source): the file is gone").operator
        'load'
        """
        match = _OPERATOR.search(str(self))
        return match[1] if match else None


class InvalidJobError(SabotError, ValueError):
    """A job cannot be built or started as it was described; nothing has run."""


class JobFailedError(SabotError):
    """A job stopped because one of its tasks failed.

    ``__cause__`` is the exception behind it where there is one, such as what a user's function
    raised.

    Attributes
    ----------
    is_retryable
        Whether the same job may succeed when it is run again.
    """

    is_retryable: bool = False


class JobCanceledError(JobFailedError):
    """A job ended because somebody asked it to stop at once."""


# enum sb_status in include/sabot/error.h
_INVALID = 1
_UNSUPPORTED = 5
_CANCELED = 7
_BUSY = 8


def _from_engine(
    status: int,
    message: str,
    is_retryable: bool,
    has_run: bool,
    causes: Sequence[BaseException] | None,
) -> SabotError:
    """Return the exception for an error of the engine, with its cause."""
    if status == _CANCELED:
        return JobCanceledError(message or "the job was canceled")
    if not has_run and status in (_INVALID, _UNSUPPORTED):
        return InvalidJobError(message)
    if status == _BUSY:
        return SabotError(message)
    failed = JobFailedError(message)
    failed.is_retryable = is_retryable
    failed.__cause__ = _cause_of(message, causes or ())
    return failed


def _cause_of(message: str, causes: Sequence[BaseException]) -> BaseException | None:
    """Return the exception that the message speaks of; several workers may have raised."""
    for cause in causes:
        if str(cause) and str(cause) in message:
            return cause
    return next((cause for cause in causes if type(cause).__name__ in message), None)
