"""The limit on a worker's memory, each time as a worker meets it."""

import json
import resource

import pytest

from function.engine import formats, memory_limit
from function.engine.errors import Reason, Rejected, Worn
from function.engine.limits import BASE_MB, COPIES, usable_mb
from function.engine.memory_limit import (
    SLACK_FULL_MB,
    SLACK_MB,
    MemoryLimit,
)
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, SMALL
from tests.support.probing_worker import probing, told

MB = 1 << 20
TELL = """
import resource
limits = resource.getrlimit(resource.RLIMIT_DATA), resource.getrlimit(resource.RLIMIT_AS)
yield Measured(1, 1, __import__("json").dumps(limits))
"""


def task(memory_mb):
    return Task(SMALL, MAX_PIXELS, memory_mb)


def limits(isolation, length=1):
    """The soft and hard limits on data and on addresses, in bytes."""
    data, addresses = json.loads(told(isolation, b"x" * length)[0])
    return *data, *addresses


def outcome(isolation, data=b"x"):
    try:
        return told(isolation, data)
    except Rejected as rejection:
        return rejection.code


class TestLimit:
    def test_each_upload_has_what_the_limits_have_room_for(self):
        with probing(TELL) as isolation:
            soft, hard, _, addresses = limits(isolation)
            longer = limits(isolation, 5 * MB)
            assert longer[0] == soft - (COPIES - 1) * (5 * MB - 1)
            assert limits(isolation)[0] == soft
            assert longer[1] == hard >= soft
            assert longer[3] == addresses > hard

    @pytest.mark.parametrize(
        ("memory_mb", "slack_mb"),
        [(128, 12), (192, 19), (256, SLACK_MB), (512, SLACK_MB), (1024, SLACK_FULL_MB)],
    )
    def test_it_follows_the_functions_memory(self, memory_mb, slack_mb):
        before = 64 * MB  # a worker's own, at most
        with probing(TELL, task=task(memory_mb)) as isolation:
            soft = limits(isolation)[0]
        with probing(TELL, task=task(2048)) as isolation:
            other = limits(isolation)[0]
        room = (usable_mb(memory_mb) - BASE_MB + slack_mb) * MB
        assert room < soft < room + before
        more = (usable_mb(2048) + SLACK_FULL_MB - usable_mb(memory_mb) - slack_mb) * MB
        assert other - soft == pytest.approx(more, abs=2 * MB)

    def test_no_upload_has_less_than_nothing(self):
        with probing(TELL, task=task(128)) as isolation:
            assert limits(isolation, 30 * MB)[0] > 30 * MB

    def test_what_an_upload_is_not_expected_to_hold_is_left_over(self, monkeypatch):
        monkeypatch.setattr(
            resource, "setrlimit", lambda *_limits: None
        )  # this process is no worker
        limit, room = MemoryLimit(1024), (usable_mb(1024) - BASE_MB) * MB
        limit.start(1, 0)
        assert limit.left_over(0) == int(room - COPIES)
        limit.start(3, 0)
        assert limit.left_over(1e8) == int(room - 1e8 - 3 * COPIES)
        assert limit.left_over(1e9) == 0

    def test_a_format_may_have_some_to_spare(self):
        most = max(known.spare_mb for known in formats.every())
        sparing = "lambda data: sniff(b'\\xff\\xd8\\xff').replace(spare_mb=int(data == b'y'))"
        with probing(TELL, before=f"worker.sniff = {sparing}\n") as isolation:
            soft, hard, *_ = limits(isolation)
            assert hard == soft + most * MB + (COPIES - 1)
            assert json.loads(told(isolation, b"y")[0])[0][0] == soft + MB
        assert formats.by_name("heic").spare_mb == most > 0

    def test_a_function_of_unknown_memory_has_no_limit(self):
        body = "yield Measured(1, len(bytes(4 << 30)) >> 30, 'fine')"
        with probing(body, task=task(None)) as isolation:
            assert told(isolation) == ["fine"]

    def test_where_the_system_tells_no_sizes_there_is_none(self, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr(memory_limit, "Path", lambda _name: tmp_path / "missing")
        monkeypatch.setattr(resource, "setrlimit", lambda *arguments: calls.append(arguments))
        MemoryLimit(1024).start(1, 0)
        assert calls == []


@pytest.mark.parametrize("memory_mb", [256, 512, 1024])
def test_an_upload_within_it_passes_and_one_above_is_too_complex(memory_mb):
    room = int(usable_mb(memory_mb)) - BASE_MB
    body = "yield Measured(1, len(bytes(int(data) << 20)), 'fine')"
    with probing(body, task=task(memory_mb)) as isolation:
        assert outcome(isolation, str(room).encode()) == ["fine"]
        with pytest.raises(Worn):
            told(isolation, str(room + 30).encode())
        assert outcome(isolation, str(room + 30).encode()) == Reason.TOO_COMPLEX
