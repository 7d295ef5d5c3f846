"""Requests end, and are retried, within the time that an invocation has left."""

import time as clock

import pytest

from function.storage import deadline as module
from function.storage.bucket import Bucket
from function.storage.client import SignedClient
from function.storage.deadline import Deadline
from function.storage.errors import OutOfTime


class Time:
    """A clock that only sleeping moves; every pause is the longest possible."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("time.sleep", self.sleep)
        monkeypatch.setattr("random.uniform", lambda least, most: most)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch):
    return Time(monkeypatch)


class Busy:
    """A request that AWS is too busy for, a number of times."""

    def __init__(self, times: int) -> None:
        self.left, self.attempts = times, 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.left:
            self.left -= 1
            raise OSError("busy")
        return "done"


def retry(deadline, request, *, transient=OSError):
    return deadline.retry(request, lambda error: isinstance(error, transient))


def test_pauses_double_up_to_a_limit(time):
    assert retry(Deadline(), Busy(9)) == "done"
    assert time.now - 1000 == pytest.approx(0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 + 5 + 5)


def test_no_wait_is_longer_than_the_invocation(time):
    """Lambda would end it, and the whole batch would fail."""
    deadline = Deadline()
    deadline.sleep(40)
    deadline.start(5, messages=2)
    deadline.sleep(3)
    with pytest.raises(OutOfTime, match=r"to wait for 1\.5 s"):
        deadline.sleep(1.5)
    assert time.now == 1043


def test_the_tenth_error_is_raised(time):
    request = Busy(10)
    with pytest.raises(OSError, match="busy"):
        retry(Deadline(), request)
    assert request.attempts == 10


def test_an_error_that_no_retry_would_change_is_raised_at_once(time):
    request = Busy(1)
    with pytest.raises(OSError, match="busy"):
        retry(Deadline(), request, transient=ValueError)
    assert (request.attempts, time.now) == (1, 1000)


@pytest.mark.parametrize(("messages", "attempts"), [(1, 10), (10, 5), (29, 4)])
def test_a_message_may_retry_for_its_share_of_the_time(time, messages, attempts):
    deadline, request = Deadline(), Busy(100)
    deadline.start(30, messages)
    with pytest.raises(OSError, match="busy"):
        retry(deadline, request)
    assert request.attempts == attempts
    assert time.now - 1000 <= 29 / messages


@pytest.mark.parametrize(
    ("left", "timeout"),
    [(30, 20), (21, 20), (20.9, 8), (9, 8), (8.9, 3), (4, 3), (3.9, 1), (1.1, 1)],
)
def test_a_request_may_take_no_longer_than_is_left_less_a_reserve(time, left, timeout):
    deadline = Deadline()
    deadline.start(left, 1)
    assert deadline.timeout() == timeout


def test_no_request_is_sent_that_could_not_end_in_time(time):
    deadline = Deadline()
    deadline.start(10, 1)
    time.sleep(9)
    with pytest.raises(OutOfTime, match="no time is left"):
        deadline.timeout()


def test_a_function_with_the_shortest_timeout_can_send_requests(time):
    deadline = Deadline()
    deadline.start(1, 10)
    assert deadline.timeout() == 1


def test_before_the_first_message_requests_may_take_the_longest(time):
    assert Deadline().timeout() == 20


def read_by_obstore(deadline):
    bucket = Bucket("bucket", deadline=deadline)
    return lambda: bucket.read("key")


def read_by_the_signed_client(deadline):
    client = SignedClient("s3", deadline)
    return lambda: client.request("GET", "/bucket/key", {})


READERS = [read_by_obstore, read_by_the_signed_client]


@pytest.fixture
def once(monkeypatch):
    """No request is sent a second time by the deadline."""
    monkeypatch.setattr(module, "MAX_ATTEMPTS", 1)


@pytest.mark.parametrize("reader", READERS)
def test_the_deadline_alone_sends_a_request_again(aws_server, once, reader):
    """obstore's own retries would know nothing of the time that is left."""
    aws_server.answers = [(503, b"<Error><Code>SlowDown</Code></Error>")]
    with pytest.raises(Exception, match="503"):
        reader(Deadline())()
    assert len(aws_server.asked) == 1


@pytest.mark.parametrize("keeps_open", [False, True])
@pytest.mark.parametrize("reader", READERS)
def test_a_request_without_an_answer_ends_while_the_invocation_has_time(
    aws_server, once, reader, keeps_open
):
    """Also one on a connection from when there was more time."""
    aws_server.keeps_open, deadline = keeps_open, Deadline()
    deadline.start(30, 1)
    read = reader(deadline)
    read()
    aws_server.answering.clear()
    deadline.start(2, 1)
    started = clock.monotonic()
    with pytest.raises(Exception, match=r"(?i)timed? ?out|error sending request"):
        read()
    assert clock.monotonic() - started < 2
