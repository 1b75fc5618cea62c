# SPDX-License-Identifier: Apache-2.0
"""What makes a stream run: its rows as a table, in a file, in a topic, one batch after another."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from sabot.api.arguments import count_of
from sabot.api.records import Records
from sabot.api.step import Step, build_graph, is_endless
from sabot.errors import InvalidJobError
from sabot.execution.run import Run, RunOptions

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot.compiler.plan_optimizer import PlanOptimizer
    from sabot.execution.job_graph import JobGraph

__all__ = ["StreamEnds"]

Path = str | os.PathLike[str]

_OUTPUT = "output"


class StreamEnds:
    """The methods of `sabot.api.stream.Stream` that run it; each run reads its sources anew."""

    _step: Step
    _options: RunOptions

    def to_graph(self, job_name: str = "stream") -> JobGraph:
        """Return the job as a graph with a collecting sink ``'output'``.

        Ids and names are the same each time, so the graph can be saved, explained and submitted.

        Examples
        --------
        >>> from sabot.api.stream import Stream
        >>> graph = Stream.from_pylist([{"n": 1}]).limit(1).to_graph()
        >>> [node.name for node in graph.topological_sort()]
        ['from_pylist_1', 'limit_1', 'output']
        """
        return self._graph({}, job_name)

    def explain(
        self,
        format: Literal["text", "json"] = "text",
        *,
        optimize: bool | PlanOptimizer | None = None,
    ) -> str:
        """Return the plan; sources are opened to learn their columns. As `JobGraph.explain`."""
        return self.to_graph().explain(format, optimize=optimize)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the rows; sources are opened to learn theirs."""
        from sabot.execution.plan import Plan

        return Plan.build(self.to_graph()).leave().output_schema(_OUTPUT)

    def collect(self) -> pa.Table:
        """Run and return the rows.

        Raises
        ------
        InvalidJobError
            If the stream is wrong, or never ends.
        JobFailedError
            If the job fails.
        """
        self._check_ends("collect")
        return self._run({})["outputs"][_OUTPUT]

    def to_pylist(self) -> list[dict[str, Any]]:
        """Run and return the rows as dicts."""
        self._check_ends("to_pylist")
        rows: list[dict[str, Any]] = self.collect().to_pylist()
        return rows

    def take(self, n: int) -> list[dict[str, Any]]:
        """Run until there are `n` rows and return them as dicts; also of a stream without end."""
        if count_of("take", n) == 0:
            return []
        rows: list[dict[str, Any]] = []
        # Leaving the loop stops sources without end, and LIMIT would refuse updates.
        for batch in self if is_endless(self._step) else self.limit(n):  # type: ignore[attr-defined]
            rows.extend(batch.slice(0, n - len(rows)).to_pylist())
            if len(rows) >= n:
                break
        return rows

    def count(self) -> int:
        """Run and return the number of rows."""
        self._check_ends("count")
        return int(self._run({"discard": True})["rows_out"])

    def foreach(self, function: Callable[[pa.RecordBatch], Any]) -> dict[str, Any]:
        """Run, call `function` with each batch, and return the result of the run.

        The calls come one after another, in order, from one thread. For rows see `records`.
        """
        return self._run({"callback": function})

    def to_parquet(self, path: Path, **parameters: Any) -> dict[str, Any]:
        """Run and write a Parquet file, which appears when all of it is there.

        Parameters
        ----------
        path
            The file, or a folder.
        parameters
            More parameters of the SINK operator.

        Returns
        -------
        dict
            The result of the run, as of `JobGraph.run`.
        """
        return self._run({"path": path, "format": "parquet", **parameters})

    def to_csv(self, path: Path, **parameters: Any) -> dict[str, Any]:
        """Run and write a CSV file; as `to_parquet`."""
        return self._run({"path": path, "format": "csv", **parameters})

    def to_ndjson(self, path: Path, **parameters: Any) -> dict[str, Any]:
        """Run and write a file of one JSON object per line; as `to_parquet`."""
        return self._run({"path": path, "format": "json", **parameters})

    def to_topic(self, name: str, **parameters: Any) -> dict[str, Any]:
        """Run and append the rows to a topic of the embedded log; as `to_parquet`."""
        return self._run({"topic": name, **parameters})

    def to_kafka(self, topic: str, bootstrap_servers: str | None = None) -> dict[str, Any]:
        """Refuse: this version does not write Kafka. `to_topic` writes the embedded log."""
        raise InvalidJobError(
            f"Stream.to_kafka: topic {topic!r}: this version does not write Kafka; use "
            "Stream.to_topic() for the embedded log"
        )

    def records(self) -> Records:
        """Return the rows one by one, as dicts, for ``for`` and ``async for``.

        Examples
        --------
        >>> from sabot.api.stream import Stream
        >>> [record["n"] for record in Stream.from_table({"n": [1, 2]}).records()]
        [1, 2]
        """
        from sabot.api.stream import Stream

        assert isinstance(self, Stream)
        return Records(self)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Run and yield the batches; leaving the loop cancels the job."""
        from sabot.api.batch_iterator import iterate

        return iterate(self._graph_into, self._options)

    def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        """Run and yield the batches while the event loop goes on; leaving the loop cancels it."""
        from sabot.api.batch_iterator import iterate_async

        return iterate_async(self._graph_into, self._options)

    def _graph_into(self, callback: Callable[[pa.RecordBatch], None]) -> JobGraph:
        return self._graph({"callback": callback})

    def _graph(self, sink: dict[str, Any], job_name: str = "stream") -> JobGraph:
        end = Step("sink", "sink", sink, inputs=(self._step,), name=_OUTPUT)
        return build_graph(end, job_name)

    def _run(self, sink: dict[str, Any]) -> dict[str, Any]:
        return Run(self._graph(sink), self._options).execute()

    def _check_ends(self, method: str) -> None:
        """Refuse to wait for ever."""
        if is_endless(self._step):
            raise InvalidJobError(
                f"Stream.{method}: the stream has no end; iterate over it, use foreach(), take(), "
                "or write it to a topic or a file"
            )
