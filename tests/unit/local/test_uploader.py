import json
import threading

import pytest

from local import uploader
from local.uploader import PARALLEL, upload, upload_all

MANIFEST = {"status": "ready", "error": None, "renditions": [], "timings_ms": {"total": 12.5}}


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / f"{number}.jpg" for number in range(12)]
    for file in made:
        file.write_bytes(b"x")
    return made


def answer(method, *_rest):
    return 200, json.dumps(MANIFEST).encode() if method == "GET" else b""


def test_a_result_says_how_long_the_function_took(files, monkeypatch):
    monkeypatch.setattr(uploader, "request", answer)
    assert upload(files[0], "uploads/0.jpg", "http://in", "http://out").worked_ms == 12.5


def test_what_is_refused_took_the_function_no_time(files, monkeypatch):
    monkeypatch.setattr(uploader, "request", lambda *_: (403, b""))
    result = upload(files[0], "uploads/0.jpg", "http://in", "http://out")
    assert (result.status, result.worked_ms) == ("refused", 0)


@pytest.mark.parametrize("parallel", [PARALLEL, 12])
def test_so_many_are_under_way_at_one_time(files, monkeypatch, parallel):
    """Each upload waits for the others, so that fewer at one time would never end."""
    together = threading.Barrier(parallel)

    def wait(method, *rest):
        if method == "PUT":
            together.wait(timeout=20)
        return answer(method, *rest)

    monkeypatch.setattr(uploader, "request", wait)
    options = {} if parallel == PARALLEL else {"parallel": parallel}
    results = upload_all(files, "http://in", "http://out", **options)
    assert [result.file for result in results] == [str(file) for file in files]


def test_an_interrupt_begins_no_further_uploads(files, monkeypatch):
    begun = []

    def note(method, *rest):
        begun.append(method)
        return answer(method, *rest)

    def interrupt(_result):
        raise KeyboardInterrupt

    monkeypatch.setattr(uploader, "request", note)
    with pytest.raises(KeyboardInterrupt):
        upload_all(files * 100, "http://in", "http://out", interrupt, parallel=1)
    assert begun.count("PUT") < len(files) * 100
