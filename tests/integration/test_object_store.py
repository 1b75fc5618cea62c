# SPDX-License-Identifier: Apache-2.0
"""Files in an object store: a local S3 server stands for all of them."""

import subprocess
import sys
import urllib.request

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FileSelector, S3FileSystem

from pipelines import line, node, ordered, rows, run
from sabot import InvalidJobError, JobFailedError
from sabot.expressions import col

SECRET = "do-not-tell-anybody"
TABLE = pa.table({"n": list(range(1000)), "s": [f"text {i % 7}" for i in range(1000)]})
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def endpoint():
    pytest.importorskip("moto")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        yield f"127.0.0.1:{int(server.stdout.readline())}"
        server.kill()


@pytest.fixture
def options(endpoint):
    urllib.request.urlopen(
        urllib.request.Request(f"http://{endpoint}/moto-api/reset", method="POST")
    )
    options = {
        "access_key": "somebody",
        "secret_key": SECRET,
        "endpoint_override": f"http://{endpoint}",
        "region": "eu-central-1",
        "allow_bucket_creation": True,
    }
    S3FileSystem(**options).create_dir("bucket")
    return options


def names(options):
    infos = S3FileSystem(**options).get_file_info(FileSelector("bucket", recursive=True))
    return sorted(info.path for info in infos if info.is_file)


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.csv", "a.ndjson", "a.csv.gz", "a.arrow", "a.arrows"]
)
def test_files_round_trip(options, name):
    place = {"path": f"s3://bucket/{name}", "storage_options": options}
    run(line({"data": TABLE}, sink=place))
    assert names(options) == [f"bucket/{name}"]
    assert rows(line(place), worker_count=2).sort_by("n").equals(TABLE)


def test_a_file_system_as_an_object(options):
    place = {"path": "bucket/a.parquet", "filesystem": S3FileSystem(**options)}
    run(line({"data": TABLE}, sink=place))
    assert rows(line(place)).num_rows == 1000
    assert rows(line({**place, "path": "s3://bucket/*.parquet"})).num_rows == 1000


def test_partitions_patterns_and_pruning(options):
    place = {"path": "s3://bucket/out", "storage_options": options}
    run(line({"data": TABLE}, sink={**place, "partition_by": "s"}))
    assert len(names(options)) == 7
    out = rows(line(place)).select(TABLE.column_names)
    assert ordered(out).equals(ordered(TABLE))
    result = run(line({**place, "filters": col("s") == "text 3"}))
    assert result["outputs"]["out"].num_rows == 143
    assert result["metrics"]["sources"]["src"]["files"] == 1
    pattern = {**place, "path": "s3://bucket/out/s=text*/*.parquet"}
    assert rows(line(pattern)).num_rows == 1000
    run(line({"data": TABLE.slice(0, 1)}, sink={**place, "partition_by": "s"}))
    assert rows(line(place)).num_rows == 1
    assert len(names(options)) == 1


def test_a_failed_job_leaves_nothing(options):
    def boom(batch):
        raise ValueError("boom")

    for sink in ({"path": "s3://bucket/a.csv"}, {"path": "s3://bucket/out", "partition_by": "s"}):
        graph = line(
            {"data": TABLE},
            node("map", "again", expressions={"n": col("n") + 0, "s": col("s")}),
            node("filter", "f", boom),
            sink={**sink, "storage_options": options},
        )
        with pytest.raises(JobFailedError, match="boom"):
            graph.run()
    assert names(options) == []


def test_secrets_are_not_told(options, endpoint):
    path = f"s3://somebody:{SECRET}@bucket/a.csv?scheme=http&endpoint_override={endpoint}"
    run(line({"data": TABLE}, sink={"path": path}))
    graph = line({"path": path}, sink={"path": path.replace("a.csv", "b.csv")})
    assert rows(line({"path": path})).num_rows == 1000
    told = graph.explain() + graph.explain("json")
    missing = line({"path": path.replace("a.csv", "none.csv")})
    wrong = {"path": "s3://bucket/none.csv", "storage_options": options}
    for broken in (missing, line(wrong), line({**wrong, "storage_options": {"sekret": SECRET}})):
        with pytest.raises(InvalidJobError) as failed:
            broken.run()
        told += str(failed.value)
    assert "s3://bucket/a.csv" in told
    assert SECRET not in told


def test_uris_of_this_machine(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    assert rows(line({"path": f"file://{tmp_path}/a.parquet"})).num_rows == 1000
    with pytest.raises(InvalidJobError, match=r"'path': what://x/a\.csv cannot be reached"):
        line({"path": "what://x/a.csv"}).run()
    with pytest.raises(InvalidJobError, match=r"'storage_options'.*on this machine"):
        line({"path": tmp_path, "storage_options": {}}).run()
