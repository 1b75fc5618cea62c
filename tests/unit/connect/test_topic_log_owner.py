# SPDX-License-Identifier: Apache-2.0
"""One process owns a topic directory; inside of it every TopicLog shares the topics."""

import os
import subprocess
import sys

import pytest

from sabot.connect.topic_log import (
    TopicClosedError,
    TopicDirectoryLockedError,
    TopicLog,
    TopicValueError,
)
from sabot.errors import SabotError


def run_python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )


OPEN = """
import sys
from sabot.connect.topic_log import TopicDirectoryLockedError, TopicLog
try:
    print(TopicLog(sys.argv[1]).topic("t").read()["value"].to_pylist())
except TopicDirectoryLockedError as error:
    print("refused:", error)
"""


def test_a_second_process_is_refused_with_the_owner_named(tmp_path):
    with TopicLog(tmp_path, address="localhost:8815") as log:
        log.topic("t").append([1])
        answer = run_python(OPEN, tmp_path).stdout
    assert answer.startswith("refused:")
    for word in (f"process {os.getpid()}", str(tmp_path / "topics"), "localhost:8815"):
        assert word in answer
    assert run_python(OPEN, tmp_path).stdout == "[1]\n"
    assert issubclass(TopicDirectoryLockedError, SabotError)


OWN = """
import sys
from sabot.connect.topic_log import TopicLog
log = TopicLog(sys.argv[1])
log.topic("t").append([1])
print("open", flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWN, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdout.readline() == b"open\n"
    with pytest.raises(TopicDirectoryLockedError, match=f"process {owner.pid} "):
        TopicLog(tmp_path)
    owner.kill()
    owner.communicate()
    with TopicLog(tmp_path) as log:
        assert log.topic("t").read()["value"].to_pylist() == [1]


def test_logs_of_one_process_share_topics_until_the_last_closes(tmp_path):
    first = TopicLog(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    second = TopicLog(tmp_path / "link")
    assert first.topic("t") is second.topic("t")
    topic = first.topic("t")
    first.close()
    first.close()
    topic.append([1])
    second.close()
    with pytest.raises(TopicClosedError, match="'t' was closed"):
        topic.append([2])
    with pytest.raises(TopicClosedError):
        second.topic("t")
    with TopicLog(tmp_path) as third:
        assert third.topic("t") is not topic
        assert third.topic("t").read()["value"].to_pylist() == [1]


def test_other_options_in_one_process_are_refused(tmp_path):
    with TopicLog(tmp_path, durability="os"):
        with pytest.raises(TopicValueError, match="durability='os'"):
            TopicLog(tmp_path, durability="fsync")
        TopicLog(tmp_path).close()
        TopicLog(tmp_path, durability="os").close()


def test_unknown_options_are_refused(tmp_path):
    with pytest.raises(TopicValueError, match="durability='never' is unknown; use 'fsync' or 'os'"):
        TopicLog(tmp_path, durability="never")
    TopicLog(tmp_path).close()  # the failed one left no lock


FORK = """
import os, sys
from sabot.connect.topic_log import TopicClosedError, TopicDirectoryLockedError, TopicLog
log = TopicLog(sys.argv[1])
topic = log.topic("t")
topic.append([1])
parent = os.getpid()
sys.stdout.flush()
if os.fork() == 0:
    commit = lambda: topic.commit("g", {0: 1})
    for use in (lambda: topic.append([2]), lambda: log.topic("t"), commit):
        try:
            use()
        except TopicClosedError:
            print("closed")
    try:
        TopicLog(sys.argv[1])
    except TopicDirectoryLockedError as error:
        print("locked", f"process {parent} " in str(error))
    sys.stdout.flush()
    os._exit(0)
os.wait()
topic.append([3])
print(topic.read()["value"].to_pylist())
log.close()
TopicLog(sys.argv[1]).close()
"""


def test_a_forked_child_can_not_write(tmp_path):
    answer = run_python(FORK, tmp_path)
    assert answer.stdout.split("\n")[:5] == ["closed", "closed", "closed", "locked True", "[1, 3]"]
    assert answer.returncode == 0, answer.stderr
