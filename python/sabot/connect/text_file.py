# SPDX-License-Identifier: Apache-2.0
"""CSV and NDJSON files: columns inferred here, rows read by the engine."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot._core import text_row_starts
from sabot.connect.file_format import CSV, FileKind
from sabot.connect.ndjson_schema import infer_ndjson
from sabot.connect.source_statistics import SourceStatistics
from sabot.connect.text_schema import infer_csv

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.data_file import ReadRequest
    from sabot.connect.paths import FoundFile
    from sabot.connect.text_options import TextOptions

__all__ = ["TextFile"]

_SAMPLE_BYTES = 1 << 20
_SPLIT_BYTES_MIN = 4 << 20
_LOOKED_BYTES = 1 << 16  # whose rows are counted
_PACKED_FACTOR = 4  # how much longer a compressed text is taken to be


class TextFile:
    """One CSV or NDJSON file. See `sabot.connect.data_file.DataFile`.

    A local file that is not compressed is read in parts side by side, any other as one stream.
    """

    row_count: int | None = None

    def __init__(self, found: FoundFile, kind: FileKind, options: TextOptions) -> None:
        self._place = found.place
        self._kind = kind
        self._options = options
        self.size = found.size
        self.has_fixed_columns = kind.format == CSV  # an object may have any key
        with self._open() as stream:
            sample = stream.read(_SAMPLE_BYTES)
        is_whole = len(sample) < _SAMPLE_BYTES
        if kind.format == CSV:
            inferred = infer_csv(sample, options, is_whole=is_whole)
        else:
            inferred = infer_ndjson(sample, options, is_whole=is_whole)
        self.schema: pa.Schema = inferred.schema
        self._names = list(inferred.schema.names)
        self._begin = inferred.begin
        self._estimated_rows = _row_estimate(
            sample,
            inferred.begin,
            self.size,
            is_whole=is_whole,
            is_packed=kind.compression is not None,
        )

    def bind(self, job: Job, operator_id: str, request: ReadRequest) -> None:
        """Add parts of the file that begin with a row each, or the whole."""
        options = {
            **self._engine_options(),
            "constants": request.constants,
            "skips_bad_rows": self._options.skips_bad_rows,
        }
        if self._place.is_local and self._kind.compression is None:
            for begin, end in self._parts(options, request.split_count):
                job.add_text(
                    operator_id,
                    options,
                    path=self._place.path,
                    begin=begin,
                    end=end,
                    on_bad_row=request.on_bad_row,
                )
        else:
            reader = _Reader(self._open, self._begin)
            job.add_text(operator_id, options, read=reader, on_bad_row=request.on_bad_row)

    def statistics(self, names: Sequence[str], piece_count: int) -> SourceStatistics:
        """Return about how many rows there are, by the length of the first ones."""
        return SourceStatistics(self._estimated_rows)

    def _engine_options(self) -> dict[str, Any]:
        return {
            "format": self._kind.format,
            "file": self._place.shown,
            "delimiter": self._options.delimiter,
            "quote": self._options.quote,
            "escape": self._options.escape,
            "columns": self._names,
            "null_values": self._options.null_values,
        }

    def _parts(self, options: dict[str, Any], count: int) -> list[tuple[int, int]]:
        size = os.path.getsize(self._place.path)
        if size < self.size:
            raise OSError(f"it has {size} bytes, and had {self.size}")
        length = size - self._begin
        count = min(count, length // _SPLIT_BYTES_MIN)
        if self._options.escape or count <= 1:
            return [(self._begin, size)] if length > 0 else []
        wanted = [self._begin + length * i // count for i in range(1, count)]
        starts = text_row_starts(self._place.path, options, self._begin, wanted)
        bounds = sorted({self._begin, *(min(start, size) for start in starts), size})
        return list(pairwise(bounds))

    def _open(self) -> Any:
        return self._place.filesystem.open_input_stream(
            self._place.path, compression=self._kind.compression
        )


def _row_estimate(sample: bytes, begin: int, size: int, *, is_whole: bool, is_packed: bool) -> int:
    """Return about how many rows a file of `size` bytes has that begins with `sample`."""
    looked = sample[begin : begin + _LOOKED_BYTES]
    lines = looked.count(b"\n")
    length = len(sample) if is_whole else size * (_PACKED_FACTOR if is_packed else 1)
    if begin + len(looked) == len(sample) and is_whole:
        return lines + (not looked.endswith(b"\n") and bool(looked.strip()))
    return max(1, round(max(1, lines) * (length - begin) / max(1, len(looked))))


class _Reader:
    """Bytes of a stream, for the engine; opened when the first are wanted."""

    def __init__(self, open_stream: Any, begin: int) -> None:
        self._open_stream = open_stream
        self._begin = begin
        self._stream: Any = None
        self._lock = threading.Lock()

    def __call__(self, size: int) -> bytes:
        with self._lock:
            if self._stream is None:
                self._stream = self._open_stream()
                self._stream.read(self._begin)
            content: bytes = self._stream.read(size)
            if not content:
                self._stream.close()
            return content
