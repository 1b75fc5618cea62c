# SPDX-License-Identifier: Apache-2.0
"""The quote enrichment gives the same 671 rows wherever its input lies and however it is cut."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import (
    QUOTES_PASSING,
    enriched,
    ledger_is_balanced,
    ordered,
    quote_enrichment,
    quotes,
    run,
    securities,
)
from sabot.connect.topic_log import TopicLog

WORKERS = (1, 2, 8)
BATCH_ROWS = (1, 7, 1000, 65_536)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Both tables in memory, in Parquet and in topics; the topics are cut into several appends."""
    folder = tmp_path_factory.mktemp("inputs")
    sources = {"table": {}, "parquet": {}, "topic": {}}
    with TopicLog(folder, durability="os", segment_bytes=16_384) as log:
        for name, table in (("market.quotes", quotes()), ("reference.securities", securities())):
            path = folder / f"{name}.parquet"
            pq.write_table(table, path, row_group_size=max(1, table.num_rows // 7))
            for begin in range(0, table.num_rows, max(1, table.num_rows // 5)):
                log.topic(name).append(table.slice(begin, max(1, table.num_rows // 5)))
            sources["table"][name] = {"data": table}
            sources["parquet"][name] = {"path": str(path)}
            sources["topic"][name] = {
                "kafka_topic": name,
                "data_dir": str(folder),
                "format": "arrow",
                "bounded": True,
            }
    return sources


@pytest.mark.parametrize("batch_rows", BATCH_ROWS)
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("mode", ["batch", "streaming"])
@pytest.mark.parametrize("kind", ["table", "parquet", "topic"])
def test_same_rows_everywhere(inputs, kind, mode, workers, batch_rows):
    sources = inputs[kind]
    graph = quote_enrichment(sources["market.quotes"], sources["reference.securities"], mode=mode)
    result = run(graph, worker_count=workers, morsel_rows_max=batch_rows)
    output = result["outputs"]["output_enriched"]
    assert output.num_rows == QUOTES_PASSING
    assert output.column_names == ["instrumentId", "price", "size", "CUSIP", "NAME", "SECTOR"]
    assert ordered(output).equals(ordered(enriched().select(output.column_names)))
    assert result["status"] == "completed"
    assert (result["rows_in"], result["rows_out"]) == (11_000, QUOTES_PASSING)
    assert ledger_is_balanced(result)


def test_endless_topics_stop_with_every_row(tmp_path):
    """The true streaming form: topics that never end, stopped once the rows are through."""
    got = []
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("market.quotes").append(quotes())

        def collect(batch):
            got.append(batch)
            if sum(part.num_rows for part in got) == QUOTES_PASSING:
                graph.stop()

        graph = quote_enrichment(
            {"topic": "market.quotes", "data_dir": str(tmp_path)},
            {"data": securities()},
            {"callback": collect},
            mode="streaming",
        )
        result = graph.run()
    assert result["rows_out"] == QUOTES_PASSING
    output = pa.Table.from_batches(got)
    assert ordered(output).equals(ordered(enriched().select(output.column_names)))


def test_to_a_topic_and_a_file(inputs, tmp_path):
    sources = inputs["topic"]
    both = (sources["market.quotes"], sources["reference.securities"])
    path = tmp_path / "enriched.parquet"
    quote_enrichment(*both, {"path": path}).run()
    quote_enrichment(*both, {"topic": "enriched.quotes", "data_dir": str(tmp_path)}).run()
    with TopicLog(tmp_path) as log:
        topic = log.topic("enriched.quotes").read()
    assert topic.num_rows == QUOTES_PASSING
    assert ordered(topic).equals(ordered(pq.read_table(path)))


def test_logs_what_each_operator_did(inputs, caplog):
    sources = inputs["parquet"]
    with caplog.at_level("INFO", logger="sabot"):
        quote_enrichment(sources["market.quotes"], sources["reference.securities"]).run()
    lines = [record.getMessage() for record in caplog.records]
    for expected in (
        "[local] Executing source: load_quotes",
        "  → Loaded 1,000 rows",
        "[local] Executing filter: filter_high_value",
        "  → Filtered: 1,000 → 671 rows (67.1% retained)",
        "[local] Executing source: load_securities",
        "  → Loaded 10,000 rows",
        "[local] Executing select: select_security_columns",
        "  → Selected 4 columns: ID, CUSIP, NAME, SECTOR",
        "[local] Executing hash_join: enrich_quotes",
        "  → Joined: 671 × 10,000 → 671 rows",
        "[local] Executing sink: output_enriched",
        "  → Written 671 rows to memory",
    ):
        assert expected in lines
    assert caplog.records[0].job_id.startswith("job-")
    assert len(lines) == 12
