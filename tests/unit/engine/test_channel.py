"""How messages travel between the function and its worker."""

import mmap
import os
import resource
import select
import time

import pytest

from function.engine.channel import Channel, Malformed


@pytest.fixture
def both_ends():
    there, back = os.pipe(), os.pipe()
    yield Channel(there[0], back[1], None), Channel(back[0], there[1], None), back[0]
    for fd in (*there, *back):
        os.close(fd)


def is_readable(pipe):
    return bool(select.select([pipe], [], [], 0)[0])


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test alone moves."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_what_may_wait_travels_with_what_may_not(clock, both_ends):
    one, other, pipe = both_ends
    one.send({"n": 1}, b"first", may_wait=True)
    one.send({"n": 2}, b"second", may_wait=True)
    assert not is_readable(pipe)
    one.send({"n": 3})
    received = [other.receive() for _ in range(3)]
    assert received == [({"n": 1}, b"first"), ({"n": 2}, b"second"), ({"n": 3}, b"")]
    assert not is_readable(pipe)


@pytest.mark.parametrize(("most", "fine"), [(5, True), (4, False)])
def test_no_more_bytes_are_read_than_may_belong_to_a_message(most, fine):
    reader, writer = os.pipe()
    Channel(-1, writer, None).send({"n": 1}, b"bytes")
    receiver = Channel(reader, -1, None, most=most)
    if fine:
        assert receiver.receive() == ({"n": 1}, b"bytes")
    else:
        with pytest.raises(Malformed, match="too many bytes"):
            receiver.receive()
    os.close(reader)
    os.close(writer)


def test_long_bytes_are_written_without_page_faults():
    size = 8 << 20
    data = os.urandom(1 << 20) * 7
    file = os.memfd_create("test")
    os.ftruncate(file, size)
    reader, writer = os.pipe()
    with mmap.mmap(file, size) as mine, mmap.mmap(file, size) as theirs:
        sender = Channel(-1, writer, mine, file=file)
        receiver = Channel(reader, -1, theirs)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        sender.send({"n": 1}, data)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        assert receiver.receive() == ({"n": 1}, data)
        sender.send({"n": 2}, b"more")
        assert receiver.receive() == ({"n": 2}, b"more")
        with pytest.raises(MemoryError):
            sender.send({}, data)
        sender.clear()
        assert theirs[:] == bytes(size)
    assert faults < len(data) // mmap.PAGESIZE // 4
    for fd in (file, reader, writer):
        os.close(fd)


def test_a_share_of_the_memory_stays_and_is_overwritten():
    """The rest goes back to the system, so a small function keeps little."""
    file = os.memfd_create("test")
    os.ftruncate(file, 32 << 20)
    reader, writer = os.pipe()
    with mmap.mmap(file, 32 << 20) as memory:
        sender = Channel(-1, writer, memory, file=file)
        sender.send({}, os.urandom(3 << 20))
        assert os.fstat(file).st_blocks * 512 >= 3 << 20
        sender.clear()
        assert os.fstat(file).st_blocks * 512 == 1 << 20
        sender.send({}, b"short")
        sender.clear()
        assert os.fstat(file).st_blocks * 512 == 1 << 20
        assert memory[: 3 << 20] == bytes(3 << 20)
    for fd in (file, reader, writer):
        os.close(fd)


def test_what_a_worker_wrote_and_told_nothing_of_goes_back_too():
    file = os.memfd_create("test")
    os.ftruncate(file, 32 << 20)
    reader, writer = os.pipe()
    with mmap.mmap(file, 32 << 20) as memory, mmap.mmap(file, 32 << 20) as theirs:
        sender = Channel(-1, writer, memory, file=file)
        sender.send({}, b"short")
        for page in range(0, 32 << 20, mmap.PAGESIZE):
            theirs[page] = 1
        sender.clear()
        assert os.fstat(file).st_blocks * 512 == 1 << 20
        assert memory[: 1 << 20] == bytes(1 << 20)
    for fd in (file, reader, writer):
        os.close(fd)


def test_nothing_waits_for_long(clock, both_ends):
    one, other, pipe = both_ends
    one.send({"n": 1}, b"first", may_wait=True)
    assert not is_readable(pipe)
    clock[0] += 0.06
    one.send({"n": 2}, b"second", may_wait=True)
    assert [other.receive() for _ in range(2)] == [({"n": 1}, b"first"), ({"n": 2}, b"second")]
