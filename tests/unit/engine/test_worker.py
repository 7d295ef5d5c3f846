"""Everything that a worker is forbidden, tried inside one, also as an ordinary user and
unfiltered."""

import errno
import json
import os
import re
import signal
import stat
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from PIL.ImageCms import ImageCmsProfile, createProfile

from function.engine import worker
from function.engine.errors import Worn
from function.engine.formats import by_name
from function.engine.formats.svg_fonts import paths
from function.engine.native_module import import_native
from function.engine.renditions import Rendition
from function.engine.results import Task
from pipeline.environment import GLIBC_TUNABLES
from tests.support.pictures import encoded, gradient
from tests.support.probing_worker import TASK, isolated, probing, told

ROOT = Path(__file__).parents[3]
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
"""The secret access key of AWS's own documentation."""

FORBIDDEN = {
    "open a file": "open('/etc/passwd')",
    "write a file": "open('/tmp/x', 'w')",
    "read its parent's environment": "open(f'/proc/{os.getppid()}/environ')",
    "read the function's environment": "open(f'/proc/{int(data)}/environ')",
    "list a folder": "os.listdir('/')",
    "open a socket": "socket.socket()",
    "make a pipe": "os.pipe()",
    "start a program": "os.execv('/bin/true', ['true'])",
    "spawn a program": "os.posix_spawn('/bin/true', ['true'], {})",
    "fork": "os.fork() or os._exit(0)",
    "kill its parent": "os.kill(os.getppid(), 0)",
    "kill the function": "os.kill(int(data), 0)",
    "trace its parent": "check(libc.ptrace(16, os.getppid(), 0, 0))",
    "read its parent's memory": "check(libc.process_vm_readv(os.getppid(), own, 1, none, 1, 0))",
    "write its parent's memory": "check(libc.process_vm_writev(os.getppid(), none, 1, none, 1, 0))",
    "map code": "check(libc.mmap(0, 4096, 5, 34, -1, 0))",
    "become traceable": "check(libc.prctl(4, 1, 0, 0, 0))",
    "raise its limits": "os.open('/dev/null', 0)",
    "limit its parent": "__import__('resource').prlimit(os.getppid(), 7, (1, 1))",
    "change its user": "os.setuid(1)",
    "make a namespace": "check(libc.unshare(0x10000000))",
    "load a module": "__import__('wave')",
}

WITHOUT_FILTER = frozenset(
    {
        "open a file",
        "write a file",
        "read its parent's environment",
        "read the function's environment",
        "list a folder",
        "open a socket",
        "make a pipe",
        "trace its parent",
        "read its parent's memory",
        "write its parent's memory",
        "raise its limits",
        "load a module",
    }
)
"""Actions that the limits and the hidden parent alone forbid to an ordinary user."""


def probe(names=frozenset(FORBIDDEN)):
    tries = {name: code for name, code in FORBIDDEN.items() if name in names}
    return f"""
def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
libc.mmap.restype = ctypes.c_long
buffer = ctypes.create_string_buffer(8)
own = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
none = (ctypes.c_size_t * 2)(id(None), 8)  # lies at the same place in every fork
results = {{}}
for name, code in {tries!r}.items():
    try:
        eval(code, globals() | {{"check": check, "data": data, "own": own, "none": none}})
        results[name] = "done"
    except (OSError, ImportError) as error:
        results[name] = type(error).__name__
yield Measured(1, len(results), __import__("json").dumps(results))
"""


NO_FILTER = """
from function.engine import native_module
class Unfiltered:
    has_vectors, hide, end_with_parent = (lambda self: True,) * 3
    def __getattr__(self, name): return getattr(native, name)
    def refuse_calls(self): return False
    def hide(self): return native.hide()
native = native_module.import_native()
worker.import_native = lambda: Unfiltered()
"""


def allowed(isolation):
    return {
        name
        for name, result in json.loads(told(isolation, str(os.getpid()).encode())[0]).items()
        if result == "done"
    }


KEEP_A_FONT = """
from function.engine.formats import svg_fonts
from function.engine.native_module import import_native
FONT = svg_fonts.paths()[0]
def keep_a_font(name, import_encoder=worker.import_encoder):
    import_encoder(name)
    assert import_native().keep_file(FONT)  # the zygote has closed its files by now
worker.import_encoder = keep_a_font
worker.FONT, worker.STATX = FONT, 332 if os.uname().machine == "x86_64" else 291
"""


@pytest.mark.parametrize("before", ["", KEEP_A_FONT])
def test_nothing_forbidden_can_be_done(before):
    with probing(probe(), before=before) as isolation:
        assert allowed(isolation) == set()


def test_a_kept_file_can_be_mapped_for_reading_alone():
    body = """
    opened = os.open(worker.FONT, os.O_RDONLY)
    assert os.open(worker.FONT, os.O_RDONLY) == opened
    found = ctypes.create_string_buffer(256)
    assert libc.syscall(worker.STATX, opened, b"", 0x1000, 0, found) == 0
    assert libc.syscall(worker.STATX, opened, b"x", 0x1000, 0, found) < 0
    assert libc.syscall(worker.STATX, 0, b"", 0x1000, 0, found) < 0
    assert int.from_bytes(found[28:30], "little") == 0o100000  # an ordinary file
    size = int.from_bytes(found[40:48], "little")
    libc.mmap.restype = ctypes.c_void_p
    read, write, execute, shared = 1, 2, 4, 1
    at = libc.mmap(None, size, read, shared, opened, 0)
    failed = ctypes.c_void_p(-1).value
    assert libc.mmap(None, size, read | write, shared, opened, 0) == failed
    assert libc.mmap(None, size, read | execute, shared, opened, 0) == failed
    for attempt in (os.open, lambda *path: os.write(opened, b"x")):
        try:
            attempt(worker.FONT + "x", os.O_RDONLY)
        except OSError:
            continue
        yield Measured(1, 1, "not refused")
    yield Measured(1, size, ctypes.string_at(at, size)[-20:].hex())
    """
    with probing(body, before=KEEP_A_FONT) as isolation:
        (result,) = isolation.run(b"x")
    font = Path(paths()[0]).read_bytes()
    assert (result.height, result.format) == (len(font), font[-20:].hex())


def test_a_file_that_cannot_be_kept_is_a_failure_of_ours():
    assert not import_native().keep_file("/nowhere")
    assert not import_native().keep_file("/." * 2500)
    missing = by_name("jpeg").replace(files=lambda: ("/nowhere",))
    with pytest.raises(OSError, match="/nowhere cannot be kept open"):
        worker.prepare(missing)


def test_threads_memory_and_time_are_allowed():
    body = """
    import _thread
    done = []
    _thread.start_new_thread(lambda: done.append(bytes(1 << 20)), ())
    while not done: time.sleep(0.01)
    yield Measured(len(done), os.getpid(), "fine")
    """
    with probing(body) as isolation:
        assert next(isolation.run(b"x")).width == 1


AS_USER = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.path[:0] = [{root!r}]
from tests.unit.engine.test_worker import *
with probing(probe({names!r}), before={before!r}) as isolation:
    print(json.dumps(sorted(allowed(isolation))))
    score = Path(f"/proc/{{isolation.processes[1]}}/oom_score_adj").read_text()
    assert score == "1000\\n", score  # the kernel kills a worker before the function
"""


def ordinary_python() -> str:
    """A Python of this version that every user of this machine may start."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in ("/usr/local/bin", "/usr/bin"):
        path = Path(folder, name)
        if path.exists() and not path.resolve().is_relative_to("/root"):
            return str(path)
    return pytest.skip(f"there is no {name} that another user may start")


def as_ordinary_user(names=frozenset(FORBIDDEN), before=""):
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    program = AS_USER.format(root=str(ROOT), names=names, before=before)
    site = next(path for path in sys.path if path.endswith("site-packages"))
    for folder in (ROOT, *ROOT.parents, *Path(site).parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            pytest.skip(f"{folder} is closed to other users")
    done = subprocess.run(
        [ordinary_python(), "-c", program],
        env={"PYTHONPATH": site, "AWS_SECRET_ACCESS_KEY": SECRET, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_an_ordinary_user_can_do_nothing_either():
    assert as_ordinary_user() == set()


def test_where_the_kernel_grants_no_filter_limits_keep_the_files_and_the_network():
    tried = frozenset(FORBIDDEN) - {"start a program"}  # it would end the tries
    assert as_ordinary_user(tried, NO_FILTER) <= tried - WITHOUT_FILTER


MOST = 64 << 20
"""The memory that is shared is larger, but empty behind what the largest upload here needs."""


def memory_of(pid: int) -> bytes:
    """All of a process's memory that can be read."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            start, end = (int(number, 16) for number in re.split("[- ]", line)[:2])
            if "r" not in line.split()[1] or "[v" in line:
                continue
            try:
                memory.seek(start)
                found.append(memory.read(min(end - start, MOST)))
            except (OSError, ValueError, OverflowError):
                continue
    return b"\0".join(found)


@pytest.mark.parametrize(
    ("memory_mb", "kept_mb"), [(128, 32), (512, 64), (1024, 128), (10240, 128), (None, 128)]
)
def test_a_worker_keeps_an_eighth_of_the_functions_memory_within_bounds(memory_mb, kept_mb):
    assert worker.most_kept(memory_mb) == kept_mb << 20


@pytest.mark.skipif(os.getuid() != 0, reason="only root can read a hidden process")
class TestMemory:
    def test_neither_process_has_the_credentials(self, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        with isolated() as isolation:
            list(isolation.run(encoded(gradient((64, 64)), "JPEG")))
            for pid in isolation.processes:
                memory = memory_of(pid)
                assert len(memory) > 10_000_000
                assert SECRET.encode() not in memory
                assert SECRET.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
                assert b"AWS_" not in Path(f"/proc/{pid}/environ").read_bytes()

    def test_what_a_thread_has_freed_is_overwritten(self):
        body = """
        import _thread
        if data == b"another":
            yield Measured(1, 1, "fine")
            return
        def leave():
            begun.append(True)
            kept = [secret + bytes(300) for _ in range(2000)]
            del kept
        secret, before, begun = bytes(byte ^ 1 for byte in data), _thread._count(), []
        _thread.start_new_thread(leave, ())
        while not begun or _thread._count() > before: time.sleep(0.01)
        yield Measured(1, 1, "fine")
        """
        data = bytes(range(40, 72))
        with probing(body) as isolation:
            assert told(isolation, data) == ["fine"]
            assert told(isolation, b"another") == ["fine"]
            memory = memory_of(isolation.processes[1])
        assert memory.count(bytes(byte ^ 1 for byte in data)) == 0

    def test_the_next_upload_does_not_meet_the_profile_of_another(self):
        mark = "of one person".encode("utf-16-be")
        named = ImageCmsProfile(createProfile("sRGB")).tobytes()
        profile = named.replace("sRGB built-in".encode("utf-16-be"), mark)
        assert mark in profile
        picture = gradient((64, 64))
        with isolated() as isolation:
            list(isolation.run(encoded(picture, "JPEG", icc_profile=profile)))
            list(isolation.run(encoded(picture, "JPEG")))
            assert mark not in memory_of(isolation.processes[1])

    def test_a_worker_that_cannot_overwrite_ends(self):
        before = NO_FILTER.replace("refuse_calls", "wipe_free_memory")
        with probing("yield Measured(1, os.getpid(), 'fine')", before=before) as isolation:
            assert told(isolation) == ["fine"]
            first = isolation.processes[1]
            with pytest.raises(Worn):
                told(isolation)
            assert told(isolation) == ["fine"]
            assert isolation.processes[1] != first

    def test_overwriting_asks_the_system_for_no_memory(self, monkeypatch):
        monkeypatch.setenv("GLIBC_TUNABLES", GLIBC_TUNABLES)
        data = encoded(gradient((600, 400)).effect_spread(90), "JPEG")
        with isolated() as isolation:
            page_faults = []
            for _ in range(30):
                list(isolation.run(data))
                fields = Path(f"/proc/{isolation.processes[1]}/stat").read_text()
                page_faults.append(int(fields.rpartition(")")[2].split()[7]))
        added = [after - before for before, after in pairwise(page_faults[9:])]
        assert statistics.median(added) < 16  # 75 where the heap grows by what does not fit

    @pytest.mark.parametrize(
        ("memory_mb", "held_mb", "stays"),
        [(256, 0, False), (1024, 0, True), (1024, 300, True), (1024, 500, False)],
    )
    def test_what_an_upload_leaves_free_goes_back_unless_there_is_room(
        self, monkeypatch, memory_mb, held_mb, stays
    ):
        """A small function gives it back at once, a large one when an upload may need the room."""
        monkeypatch.setenv("GLIBC_TUNABLES", GLIBC_TUNABLES)
        body = f"""
        if data != b"another":
            pieces = [b"x" * (1 << 20) for _ in range(100)]
            worker.gc.garbage.append(pieces.pop())  # the end of the heap stays in use
        else:
            allow(1e3, {held_mb << 20})
        yield Measured(1, 1, "fine")
        """
        with probing(body, task=TASK.replace(memory_mb=memory_mb)) as isolation:
            assert told(isolation) == ["fine"]
            assert told(isolation, b"another") == ["fine"]
            smaps = Path(f"/proc/{isolation.processes[1]}/smaps_rollup").read_text()
        dirty_mb = int(re.findall(r"Private_Dirty: *(\d+) kB", smaps)[0]) >> 10
        assert (dirty_mb > 96) if stays else (dirty_mb < 48)

    @pytest.mark.parametrize(
        ("kind", "memory_mb", "grown_mb"),
        [("AVIF", 1024, 64), ("AVIF", 128, 54), ("JPEG", 1024, 0)],
    )
    def test_a_worker_for_one_upload_takes_memory_in_large_pages(self, kind, memory_mb, grown_mb):
        body = """
        allow(1e3, 0)
        time.sleep(0.1)  # longer than messages are held
        yield Measured(1, 1, "")
        while not seen: time.sleep(0.01)
        """
        before = """
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(True))
worker.sniff = sniff
"""
        task = TASK.replace(memory_mb=memory_mb)
        with probing(body, task=task, before=before) as isolation:
            results = isolation.run(encoded(gradient((64, 48)), kind))
            next(results)
            smaps = Path(f"/proc/{isolation.processes[1]}/smaps").read_text()
            os.kill(isolation.processes[1], signal.SIGUSR1)
            list(results)
        mapped = re.findall(r"^(?:Size|VmFlags): *(.*)", smaps, re.MULTILINE)
        large = [
            size
            for size, flags in zip(mapped[::2], mapped[1::2], strict=True)
            if "hg" in flags.split()
        ]
        assert sum(int(size.split()[0]) for size in large) / 1024 == pytest.approx(grown_mb, abs=3)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
    def test_nothing_of_an_upload_is_left_for_the_next(self, kind):
        noise = gradient((600, 400)).effect_spread(90)
        data = encoded(noise, kind)
        task = Task((Rendition(name="a", width=100, height=100),), 1_000_000, 1024)
        with isolated(task) as isolation:
            list(isolation.run(encoded(gradient((40, 30)), kind)))
            list(isolation.run(data))
            list(isolation.run(encoded(gradient((40, 30)), kind)))  # taken once all is overwritten
            memory = memory_of(isolation.processes[1])
        pieces = [data[at : at + 16] for at in range(1000, len(data) - 16, 97)]
        pieces = [piece for piece in pieces if len(set(piece)) > 8]
        pieces = pieces[:: len(pieces) // 60]
        assert len(pieces) > 50
        left = [piece for piece in pieces if piece in memory]
        assert len(left) == 0


def test_no_file_that_the_function_has_open_reaches_a_worker():
    """Lambda gives the function one for its log, open to children (_LAMBDA_TELEMETRY_LOG_FD)."""
    reader, writer = os.pipe()
    os.dup2(writer, 200, inheritable=True)
    body = """
    try:
        os.write(200, b"a line of the log that we did not write")
    except OSError as error:
        yield Measured(1, 1, str(error.errno))
    """
    with probing(body) as isolation:
        assert told(isolation) == [str(errno.EBADF)]
    for fd in (reader, writer, 200):
        os.close(fd)


def test_a_worker_leaves_no_core_and_has_its_time_of_the_cpu_for_each_upload():
    body = """
    limits = worker.resource
    cpu = limits.getrlimit(limits.RLIMIT_CPU)[0]
    yield Measured(1, 1, f"{limits.getrlimit(limits.RLIMIT_CORE)} {cpu <= 12}")
    """
    with probing(body) as isolation:
        assert told(isolation) == ["(0, 0) True"]
