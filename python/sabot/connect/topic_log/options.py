# SPDX-License-Identifier: Apache-2.0
"""How one process keeps a topic directory."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import TopicValueError
from .routing import KeyHash, hash_keys
from .writer import WriteOptions

_DURABILITIES = ("fsync", "os")
_DAMAGE_POLICIES = ("refuse", "cut")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class TopicLogOptions:
    """Options of a `TopicLog`; see there."""

    durability: str = "fsync"
    segment_bytes: int = 128 * 2**20
    on_damage: str = "refuse"
    hash_keys: KeyHash = hash_keys
    clock_ms: Callable[[], int] = _now_ms
    address: str | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("durability", self.durability, _DURABILITIES),
            ("on_damage", self.on_damage, _DAMAGE_POLICIES),
        ):
            if value not in allowed:
                raise TopicValueError(
                    f"{name}={value!r} is unknown; use {' or '.join(map(repr, allowed))}"
                )
        if self.segment_bytes < 1:
            raise TopicValueError(f"segment_bytes={self.segment_bytes} must be at least 1")

    @property
    def is_durable(self) -> bool:
        return self.durability == "fsync"

    @property
    def write_options(self) -> WriteOptions:
        return WriteOptions(durable=self.is_durable, segment_bytes=self.segment_bytes)
