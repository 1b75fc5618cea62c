# SPDX-License-Identifier: Apache-2.0
"""A Parquet file: its metadata, and readers of row groups for the engine's threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from sabot.connect.predicate import pruning_expression
from sabot.connect.scan import scan_fragment

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.data_file import ReadRequest
    from sabot.connect.paths import FoundFile

__all__ = ["ParquetFile"]

_LOCAL = ds.ParquetFileFormat(
    # One thread per row group, so nothing is read ahead: a stalled job holds little memory.
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(
        pre_buffer=False, use_buffered_stream=False
    )
)
# Far away, the column chunks of a row group are fetched together.
_REMOTE = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True)
)


class ParquetFile:
    """One file; its splits are runs of row groups. See `sabot.connect.data_file.DataFile`."""

    def __init__(self, found: FoundFile) -> None:
        place = found.place
        kind = _LOCAL if place.is_local else _REMOTE
        self._fragment = kind.make_fragment(place.path, place.filesystem)
        self._fragment.ensure_complete_metadata()
        self.schema: pa.Schema = self._fragment.physical_schema
        self.row_count: int | None = self._fragment.metadata.num_rows
        self.size = found.size

    def bind(self, job: Job, operator_id: str, request: ReadRequest) -> None:
        """Add runs of the row groups whose statistics do not exclude the predicates."""
        groups = self._row_groups(request)
        request.counts.row_groups += len(groups)
        request.counts.row_groups_skipped += self._fragment.num_row_groups - len(groups)
        run = max(1, -(-len(groups) // max(1, request.split_count)))
        for first in range(0, len(groups), run):
            fragment = self._fragment.subset(row_group_ids=groups[first : first + run])
            job.add_stream(operator_id, scan_fragment(fragment, request))

    def _row_groups(self, request: ReadRequest) -> list[int]:
        groups = list(range(self._fragment.num_row_groups))
        known = pa.schema(
            [one for one in self.schema if one.name not in request.constants]  # those of the file
        )
        expression = pruning_expression(request.predicates, known)
        if expression is None:
            return groups
        try:
            kept = self._fragment.subset(filter=expression, schema=self.schema)
        except (pa.ArrowException, NotImplementedError):
            return groups  # a comparison that pyarrow lacks
        return [group.id for group in kept.row_groups]
