"""The worker gives what the engine gives, in any order, and can do nothing else."""

import json
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import pytest

from function.engine import isolate
from function.engine.budget import LONG_MS
from function.engine.errors import DecoderBug, IsolationFailed, Killed, Reason, Rejected, Worn
from function.engine.renditions import OutputFormat, Target
from function.engine.results import MOST_FAILURE, Fingerprint, Measured, Rendered, Task
from function.engine.work import work
from tests.support.engine import MAX_PIXELS, SMALL, one
from tests.support.probing_worker import isolated, probing, told
from tests.support.uploads import UPLOADS

EVERY_OUTPUT = Task(
    (
        one(formats=("jpeg", "webp", "avif", "png")),
        one(name="moving", formats=("webp",), animated=True),
    ),
    MAX_PIXELS,
    1024,
)


def end_worker(isolation, number):
    """End the worker between two uploads, and wait until it has ended."""
    worker = isolation.processes[1]
    os.kill(worker, number)
    while " Z " not in Path(f"/proc/{worker}/stat").read_text():
        time.sleep(0.01)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def outcome(engine, data):
    try:
        return list(engine(data))
    except Rejected as rejection:
        return (rejection.code, rejection.message)


@pytest.fixture(scope="module")
def expected():
    return {name: outcome(lambda d: work(d, EVERY_OUTPUT), UPLOADS[name][1]) for name in UPLOADS}


@pytest.mark.parametrize("name", UPLOADS)
def test_the_first_upload_of_a_process_gives_what_the_engine_gives(name, expected):
    with isolated(EVERY_OUTPUT) as isolation:
        assert outcome(isolation.run, UPLOADS[name][1]) == expected[name]


@pytest.mark.parametrize("seed", range(3))
def test_every_upload_gives_the_same_after_any_others(seed, expected):
    names = list(UPLOADS)
    random.Random(seed).shuffle(names)
    with isolated(EVERY_OUTPUT) as isolation:
        for name in names:
            assert outcome(isolation.run, UPLOADS[name][1]) == expected[name], name


def test_a_target_is_reached_in_a_worker_as_anywhere_cold_and_warm():
    """It decodes what it has encoded, by decoders that a confined worker cannot import."""
    formats = ("jpeg", "webp", "avif", "png")
    aimed = one(width=200, height=200, formats=formats, quality=Target(75))
    task = Task((aimed,), MAX_PIXELS, 1024)
    with isolated(task) as isolation:
        for _ in range(2):
            for name in ("jpeg", "png"):
                data = UPLOADS[name][1]
                assert outcome(isolation.run, data) == outcome(lambda d: work(d, task), data)


def test_one_rendition_of_a_task_is_made_alone_cold_and_warm_and_by_another_worker():
    wanted = [("one", "avif", False), ("moving", "webp", False), ("one", "jpeg", True)]
    with isolated(EVERY_OUTPUT) as isolation:
        for name in ("jpeg", "gif", "heic", "jpeg"):
            data = UPLOADS[name][1]
            for only in wanted:
                alone = EVERY_OUTPUT.only(only[0], OutputFormat(only[1]), only[2])
                found = list(isolation.run(data, only=only))
                assert found == list(work(data, alone))
                _, made, *others = found
                assert (made.name, made.format) == only[:2]
                assert [type(other) for other in others] == [Fingerprint] * only[2]
        everything = list(work(data, EVERY_OUTPUT))
        assert list(isolation.run(data)) == everything


def test_a_task_knows_only_its_own_renditions():
    for name, format_name in (("two", "jpeg"), ("moving", "jpeg")):
        with pytest.raises(KeyError, match=f"{name} in {format_name}"):
            EVERY_OUTPUT.only(name, OutputFormat(format_name))
    still = EVERY_OUTPUT.replace(renditions=(one(formats=("webp", "png"), animated=True),))
    moving = [
        still.only("one", OutputFormat(name)).renditions[0].animated for name in ("webp", "png")
    ]
    assert moving == [True, False]


@pytest.fixture
def _no_shared_memory(monkeypatch):
    def refuse(*_arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "memfd_create", refuse)


@pytest.mark.usefixtures("_no_shared_memory")
def test_where_there_is_no_shared_memory_pipes_carry_the_bytes(expected):
    with isolated(EVERY_OUTPUT) as isolation:
        for name in ("jpeg", "heic", "png"):
            assert outcome(isolation.run, UPLOADS[name][1]) == expected[name]


@pytest.mark.usefixtures("_no_shared_memory")
def test_a_large_upload_and_a_large_rendition_come_through_pipes():
    body = "yield Rendered(name='small', format='png', width=1, height=1, body=data[::-1])"
    data = random.Random(0).randbytes(5_000_000)
    with probing(body) as isolation:
        (result,) = isolation.run(data)
    assert result.body == data[::-1]


def test_an_upload_that_is_sent_again_to_another_worker_needs_no_more_shared_memory():
    tiff = UPLOADS["tiff"][1] + bytes(31 << 20)
    small = Task(SMALL, MAX_PIXELS, 64)  # 16 MB for renditions, beside 32 for the upload
    with isolated(small) as isolation:
        assert outcome(isolation.run, tiff) == outcome(lambda data: work(data, small), tiff)


def test_a_worker_stays_for_ordinary_uploads_and_not_for_others():
    with isolated() as isolation:
        pids = []
        for name in ("jpeg", "jpeg", "png", "jpeg", "heic", "jpeg", "jpeg"):
            list(isolation.run(UPLOADS[name][1]))
            pids.append(isolation.processes[1])
        jpeg, again, png, after, heic, *last = pids
        assert jpeg == again != png == after
        assert heic is None
        assert last[0] == last[1] not in {None, png}


def test_an_upload_that_takes_long_to_decode_has_a_worker_of_its_own():
    """Damage that a worker which has served before finds is looked for again by a new one."""
    body = f"""
    allow(1e3, 0, {LONG_MS} + (data == b'long'))
    yield Measured(1, 1, str(os.getpid()))
    """
    with probing(body) as isolation:
        first, second = told(isolation), told(isolation)
        assert first == second == told(isolation)
        before = isolation.take_counts()
        assert told(isolation, b"long") != first
        assert isolation.take_counts() == before == (0, 0)
        isolation.stop()
        long = told(isolation, b"long")
        assert told(isolation) == long  # a new worker serves it at once, and stays


class TestTime:
    def test_a_worker_that_takes_longer_than_any_upload_may_is_killed(self):
        with probing("allow(1e6, 0)\nwhile True: pass\nyield", most_seconds=0.3) as isolation:
            for _delivery in range(10):
                started = time.monotonic()
                # Given too little CPU, it is a failure of ours: SQS would deliver it again.
                with suppress(DecoderBug, IsolationFailed):
                    assert outcome(isolation.run, b"x")[0] == Reason.TOO_COMPLEX
                    break
                isolation.take_counts()
            assert time.monotonic() - started < 5
            assert isolation.take_counts() == (1, 1)
            assert isolation.take_counts() == (0, 0)

    def test_a_header_has_its_own_limit(self):
        with probing("while True: pass\nyield") as isolation:
            started = time.monotonic()
            assert outcome(isolation.run, b"x")[0] == Reason.TOO_COMPLEX
            assert 1.2 < time.monotonic() - started < 8

    def test_what_the_header_says_sets_the_limit(self):
        body = """
        allow(float(data), 0)
        end = time.process_time() + 1
        while time.process_time() < end: pass
        yield Measured(1, 1, 'fine')
        """
        with probing(body) as isolation:
            assert outcome(isolation.run, b"100")[0] == Reason.TOO_COMPLEX
            assert told(isolation, b"100000") == ["fine"]

    def test_a_worker_that_was_given_no_cpu_has_longer(self):
        body = "allow(100, 0)\ntime.sleep(1)\nyield Measured(1, 1, 'fine')"
        with probing(body) as isolation:
            assert told(isolation) == ["fine"]

    def test_a_worker_that_waits_for_ever_is_a_bug(self):
        waiting = probing("time.sleep(60)\nyield", most_seconds=0.5)
        with waiting as isolation, pytest.raises(DecoderBug, match="did not end"):
            list(isolation.run(b"x"))

    def test_an_invocation_without_time_is_not_the_uploads_fault(self):
        body = "allow(1e6, 0)\nwhile True: pass\nyield"
        with probing(body) as isolation:
            isolation.wait()
            with pytest.raises(IsolationFailed, match="too little time"):
                list(isolation.run(b"x", 0.3))

    def test_a_worker_is_awaited_no_longer_than_the_invocation_lasts(self):
        started = time.monotonic()
        with (
            isolated(before="__import__('time').sleep(30)\n") as isolation,
            pytest.raises(IsolationFailed, match="zygote has died"),
        ):
            list(isolation.run(UPLOADS["jpeg"][1], 0.5))
        assert time.monotonic() - started < 15

    def test_nor_one_whose_cpu_went_elsewhere(self):
        body = "allow(100, 0)\ntime.sleep(60)\nyield"
        with probing(body) as isolation:
            isolation.wait()
            with pytest.raises(IsolationFailed, match="of the CPU"):
                list(isolation.run(b"x", 0.5))

    def test_one_that_no_one_kills_is_ended_by_the_system(self):
        body = """
        import resource
        resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
        allow(1e6, 0)
        while True: pass
        yield
        """
        with probing(body) as isolation:
            assert outcome(isolation.run, b"x")[0] == Reason.TOO_COMPLEX

    def test_a_worker_has_the_cpu_time_of_each_upload_anew(self):
        """Held against the clock that the kernel reads: others fall behind it by and by.

        Each upload needs a tenth of its time, so that a busy machine does not stop it.
        """
        body = """
        allow(1e6, 0)
        end = time.clock_gettime(-8) + 0.2
        while time.clock_gettime(-8) < end: pass
        yield Measured(1, 1, str(os.getpid()))
        """
        slow = "import time\nreal = time.process_time\ntime.process_time = lambda: real() / 10\n"
        with probing(body, before=slow, most_seconds=2.0) as isolation:
            workers = {tuple(told(isolation)) for _upload in range(24)}
        assert len(workers) == 1

    def test_a_worker_that_has_served_before_is_not_ended_by_one_upload_alone(self):
        body = """
        if data == b"slow":
            import resource
            resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
            allow(1e6, 0)
            while True: pass
        yield Measured(1, 1, "fine")
        """
        with probing(body) as isolation:
            assert told(isolation) == ["fine"]
            with pytest.raises(Worn, match=str(int(signal.SIGXCPU))):
                list(isolation.run(b"slow"))
            assert told(isolation) == ["fine"]

    def test_the_next_upload_has_a_new_worker_and_all_its_time(self):
        body = "while data == b'slow': pass\nyield Measured(1, 1, str(os.getpid()))"
        with probing(body, most_seconds=5.0) as it:
            first = told(it)
            assert told(it) == first
            assert outcome(it.run, b"slow")[0] == Reason.TOO_COMPLEX
            assert told(it) != first


LONG = "<a long text>"
"""Stands for half a megabyte, which does not fit on the probe's command line."""


def framed(text: str) -> bytes:
    """A message as it goes through the pipe."""
    return len(text).to_bytes(4, "big") + text.encode()


def answered(**fields) -> bytes:
    return framed(json.dumps({"at": 0, "length": 0} | fields))


class TestFailures:
    def test_a_rejection_comes_as_it_was(self):
        with probing("raise Rejected(Reason.POLYGLOT, 'Some sentence.')\nyield") as isolation:
            assert outcome(isolation.run, b"x") == (Reason.POLYGLOT, "Some sentence.")

    def test_any_other_exception_is_a_bug_that_says_where(self):
        with probing("1 // 0\nyield") as isolation, pytest.raises(DecoderBug) as caught:
            list(isolation.run(b"x"))
        assert "ZeroDivisionError: " in str(caught.value)
        assert " in probe" in str(caught.value)

    def test_what_the_system_refuses_is_no_bug_of_a_decoder(self):
        body = "raise OSError(28, 'No space left on device')\nyield"
        with probing(body) as isolation, pytest.raises(IsolationFailed, match="No space left"):
            list(isolation.run(b"x"))

    def test_a_crash_is_a_bug_and_the_next_upload_is_processed(self):
        body = "if data == b'bad': os.abort()\nyield Measured(1, 1, 'fine')"
        with probing(body) as isolation:
            with pytest.raises(DecoderBug, match="status 6"):
                list(isolation.run(b"bad"))
            assert told(isolation) == ["fine"]

    @pytest.mark.parametrize(
        "fault",
        ["os.abort()", "bytes(8 << 30)", "raise Rejected(Reason.BROKEN_IMAGE, 'no memory left')"],
    )
    def test_what_may_be_the_fault_of_the_upload_before_is_tried_again(self, fault):
        body = f"if data == b'bad': {fault}\nyield Measured(1, 1, 'fine')"
        with probing(body) as isolation:
            assert told(isolation) == ["fine"]
            with pytest.raises(Worn):
                list(isolation.run(b"bad"))
            with pytest.raises((DecoderBug, Rejected)):
                list(isolation.run(b"bad"))

    def test_too_much_memory_is_a_rejection(self):
        with probing("bytes(8 << 30)\nyield") as isolation:
            assert outcome(isolation.run, b"x")[0] == Reason.TOO_COMPLEX

    def test_so_is_an_upload_that_no_worker_has_memory_to_receive(self):
        task = Task(SMALL, MAX_PIXELS, 128)
        with isolated(task, most_bytes=300_000_000) as isolation:
            data = UPLOADS["jpeg"][1] + bytes(250_000_000)
            assert outcome(isolation.run, data)[0] == Reason.TOO_COMPLEX
            assert list(isolation.run(UPLOADS["jpeg"][1]))

    def test_so_are_renditions_of_more_than_a_quarter_of_the_memory(self):
        """A stack may ask for PNGs of many megapixels, and an upload be noise."""
        body = """
        for part in data.split():
            yield Rendered(name='small', format='png', width=1, height=1, body=bytes(int(part)))
        """
        task = Task(SMALL * 2, MAX_PIXELS, 128)
        quarter = 32 << 20
        with probing(body, task=task) as isolation:
            (whole,) = isolation.run(str(quarter).encode())
            assert len(whole.body) == quarter
            for parts in (f"{quarter + 1}", f"{quarter - 1} 2"):
                isolation.stop()  # the next worker is a new one
                assert outcome(isolation.run, parts.encode())[0] == Reason.TOO_COMPLEX

    def test_an_upload_for_which_two_new_workers_are_killed_takes_too_much_memory(self):
        body = "if data != b'good': signal.raise_signal(9)\nyield Measured(1, 1, 'fine')"
        with probing(body) as isolation:
            for data in (b"bad", b"worse", b"bad"):
                with pytest.raises(Killed):
                    list(isolation.run(data))
            assert outcome(isolation.run, b"bad")[0] == Reason.TOO_COMPLEX
            assert isolation.take_counts() == (1, 4)
            assert told(isolation, b"good") == ["fine"]
            with pytest.raises(Worn):
                list(isolation.run(b"bad"))

    def test_a_worker_that_someone_kills_says_nothing_of_the_upload(self):
        before = "seen = []\nsignal.signal(signal.SIGUSR1, lambda *_: seen.append(True))\n"
        body = """
        allow(1e3, 0)
        time.sleep(0.1)  # longer than messages are held
        yield Measured(1, 1, 'fine')
        while not seen: time.sleep(0.01)
        """
        with probing(body, before=before) as isolation:
            results = isolation.run(b"x")
            next(results)
            os.kill(isolation.processes[1], signal.SIGKILL)
            with pytest.raises(Killed):
                next(results)
            again = isolation.run(b"x")
            assert next(again).format == "fine"
            os.kill(isolation.processes[1], signal.SIGUSR1)
            assert list(again) == []
            assert isolation.take_counts() == (0, 1)

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGXCPU, signal.SIGTERM])
    def test_a_worker_that_ended_before_it_took_the_upload_says_nothing_of_it(self, number):
        with isolated() as isolation:
            isolation.wait()
            end_worker(isolation, number)
            with pytest.raises(Worn):
                list(isolation.run(UPLOADS["jpeg"][1]))
            assert list(isolation.run(UPLOADS["png"][1]))
            assert isolation.take_counts() == (0, 1)

    def test_the_next_worker_does_not_take_an_upload_that_another_left(self):
        body = "yield Measured(1, 1, data.decode())"
        with probing(body) as isolation:
            assert told(isolation, b"one") == ["one"]
            end_worker(isolation, signal.SIGKILL)
            with pytest.raises(Worn):
                told(isolation, b"two")
            for data in ("two", "three, which is longer", "4"):
                assert told(isolation, data.encode()) == [data]

    def test_the_kernel_kills_the_worker_first(self):
        with isolated() as isolation:
            list(isolation.run(UPLOADS["jpeg"][1]))
            _zygote, worker = isolation.processes
            assert Path(f"/proc/{worker}/oom_score_adj").read_text() == "1000\n"
            assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000

    def test_a_zygote_that_has_died_is_replaced(self):
        with isolated() as isolation:
            list(isolation.run(UPLOADS["jpeg"][1]))
            zygote, worker = isolation.processes
            os.kill(zygote, signal.SIGKILL)
            os.waitid(os.P_PID, zygote, os.WEXITED | os.WNOWAIT)
            assert list(isolation.run(UPLOADS["jpeg"][1]))
            assert isolation.processes[0] != zygote
            state = Path(f"/proc/{worker}/stat")
            assert not state.exists() or " Z " in state.read_text()  # it ended with its parent

    def test_a_zygote_that_does_not_tell_the_end_of_its_worker_is_replaced(self, monkeypatch):
        monkeypatch.setattr(isolate, "END_SECONDS", 0.2)
        with isolated() as isolation:
            list(isolation.run(UPLOADS["jpeg"][1]))
            os.kill(isolation.processes[0], signal.SIGSTOP)
            started = time.monotonic()
            with pytest.raises(IsolationFailed):
                list(isolation.run(UPLOADS["tiff"][1]))
            assert time.monotonic() - started < 15
            assert list(isolation.run(UPLOADS["tiff"][1]))

    def test_a_zygote_that_cannot_be_started_leaves_no_file_open(self, monkeypatch):
        with isolated() as isolation:
            list(isolation.run(UPLOADS["jpeg"][1]))
            before = open_files()
            isolation.stop()
            monkeypatch.setattr(sys, "executable", "/nowhere")
            for _ in range(2):
                with pytest.raises(FileNotFoundError):
                    list(isolation.run(UPLOADS["jpeg"][1]))
            monkeypatch.undo()
            assert list(isolation.run(UPLOADS["jpeg"][1]))
            assert open_files() == before

    def test_a_zygote_that_cannot_import_is_a_failure_of_ours(self):
        with isolated(before="raise ImportError('no Pillow')\n") as isolation:
            for _ in range(2):
                with pytest.raises(IsolationFailed, match="zygote has died"):
                    list(isolation.run(UPLOADS["jpeg"][1]))

    @pytest.mark.parametrize(
        "answer",
        [
            b"\xff\xff\xff\xff",
            b"\x00\x00\x00\x02[]",
            b"\x00\x00\x00\x02{}",
            b'\x00\x00\x00\x19{"at":0,"length":99999999}',
            b'\x00\x00\x00\x17{"at":-1,"length":10000}',
            framed('{"at":Infinity,"length":0}'),
            framed('{"at":0,"length":-1}'),
            framed("[" * 90_000),
            answered(),
            answered(kind=None),
            answered(kind="budget"),
            answered(kind="budget", seconds=None),
            answered(kind="budget", seconds=-1),
            answered(kind="budget", seconds=1) * 9,
            answered(kind="need", format=7),
            answered(kind="rejected", code="no such", message="x"),
            answered(kind="rejected", code="broken_image"),
            answered(kind="failed"),
            answered(kind="Measured", width="wide", height=1, format="x", losses=[]),
            answered(kind="Measured", width=1, height=1, format="x"),
            answered(kind="Measured", width=1, height=1, format="x", losses=["all"]),
            answered(kind="Measured", width=1, height=1, format="x", losses=["hdr"] * 9),
            answered(kind="Fingerprint"),
            answered(kind="Rendered"),
            answered(kind="Rendered", name="../../x", format="png", width=1, height=1, hdr=False),
            answered(kind="Rendered", name="small", format="jpeg", width=1, height=1, hdr=False),
            answered(kind="Rendered", name="small", format="png", width=1, height=1, hdr=True),
            answered(kind="Rendered", name="small", format="png", width=1, height=1, hdr=False) * 2,
            answered(
                kind="Rendered",
                name="small",
                format="png",
                width=1,
                height=1,
                hdr=False,
                length=1 << 29,
            ),
        ],
    )
    def test_an_answer_that_no_worker_gives_is_not_believed(self, answer):
        body = f"""
        answer = {answer!r}
        while answer:
            answer = answer[os.write(worker.answers, answer):]
        time.sleep(9)
        yield
        """
        # The worker goes on, so that its answer is what ends the upload.
        with (
            probing(body, before=KEEP) as isolation,
            pytest.raises(DecoderBug, match=r"never would|again and again"),
        ):
            list(isolation.run(b"x"))

    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": LONG},
            {"kind": "Measured", "width": LONG, "height": 1, "format": "x", "losses": []},
            {"kind": "rejected", "code": LONG, "message": "x"},
            {"kind": "done", "at": LONG},
            {"kind": "failed", "message": LONG},
            {"kind": "broken", "message": LONG},
            {"kind": "need", "format": LONG},
        ],
        ids="-".join,
    )
    def test_what_a_worker_says_cannot_fill_the_log(self, fields):
        message = json.dumps({"at": 0, "length": 0} | fields)
        body = f"""
        answer = {message!r}.replace({LONG!r}, "x" * 500_000).encode()
        answer = len(answer).to_bytes(4, "big") + answer
        while answer:
            answer = answer[os.write(worker.answers, answer):]
        time.sleep(9)
        yield
        """
        with probing(body, before=KEEP) as isolation, pytest.raises(DecoderBug) as caught:
            list(isolation.run(b"x"))
        logged = "".join(traceback.format_exception(caught.value))
        assert len(logged) < 20_000

    def test_a_long_exception_is_cut_in_the_middle(self):
        body = "raise KeyError('first' + 'x' * 500_000 + 'last')\nyield"
        with probing(body) as isolation, pytest.raises(DecoderBug) as caught:
            list(isolation.run(b"x"))
        assert len(str(caught.value)) <= MOST_FAILURE
        assert "KeyError: 'first" in str(caught.value)
        assert " in probe" in str(caught.value)

    def test_a_worker_that_asks_for_formats_without_end_is_stopped(self):
        answer = b'{"kind":"need","format":"no.such","at":0,"length":0}'
        answer = len(answer).to_bytes(4, "big") + answer
        body = f"os.write(worker.answers, {answer!r})\ntime.sleep(9)\nyield"
        with (
            probing(body, before=KEEP) as isolation,
            pytest.raises(DecoderBug, match="again and again"),
        ):
            list(isolation.run(b"x"))


KEEP = """
worker.Channel = lambda jobs, answers, memory: (
    setattr(worker, "answers", answers) or Channel(jobs, answers, memory))
from function.engine.channel import Channel
"""


def test_a_worker_can_be_waited_for():
    with isolated() as isolation:
        assert isolation.processes[1] is None
        isolation.wait()
        worker = isolation.processes[1]
        isolation.wait()
        list(isolation.run(UPLOADS["jpeg"][1]))
        assert isolation.processes[1] == worker is not None


def test_ctrl_c_ends_neither_process():
    """A terminal sends it to all processes; a traceback of each would be in the way."""
    with isolated() as isolation:
        list(isolation.run(UPLOADS["jpeg"][1]))
        before = isolation.processes
        for process in before:
            os.kill(process, signal.SIGINT)
        list(isolation.run(UPLOADS["jpeg"][1]))
        assert isolation.processes == before
        assert isolation.take_counts() == (0, 0)


def test_a_process_that_ignores_the_end_of_its_children_can_isolate():
    """Some supervisors start their programs so, and it is inherited."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with isolated() as isolation:
            for name in ("jpeg", "tiff", "jpeg"):
                assert list(isolation.run(UPLOADS[name][1]))
            os.kill(isolation.processes[0], signal.SIGKILL)
            while Path(f"/proc/{isolation.processes[0]}").exists():
                time.sleep(0.01)
            assert list(isolation.run(UPLOADS["jpeg"][1]))
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_waiting_for_none_fails_and_the_next_upload_tries_again():
    with isolated() as isolation:
        os.kill(isolation.processes[0], signal.SIGKILL)
        with pytest.raises(IsolationFailed):
            isolation.wait()
        assert list(isolation.run(UPLOADS["jpeg"][1]))


def test_a_consumer_that_stops_leaves_nothing_for_the_next():
    with isolated(EVERY_OUTPUT) as isolation:
        results = isolation.run(UPLOADS["jpeg"][1])
        assert isinstance(next(results), Measured)
        results.close()
        assert [type(result) for result in isolation.run(UPLOADS["jpeg"][1])][1] is Rendered


def test_nothing_is_left_behind():
    def left() -> tuple[int, str]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return open_files(), children

    before = left()
    with isolated() as isolation:
        list(isolation.run(UPLOADS["jpeg"][1]))
    assert left() == before
