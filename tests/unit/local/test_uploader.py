import json
import threading

import pytest

from local import uploader
from local.uploader import PARALLEL, find_files, upload, upload_all
from terminal import Misuse
from tests.support.manifests import manifest, rendition

MANIFEST = manifest(rendition(size=7), total_ms=12.5)


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / f"{number}.jpg" for number in range(12)]
    for file in made:
        file.write_bytes(b"x")
    return made


def answer(method, *_rest):
    return 200, MANIFEST.to_json() if method == "GET" else b""


def test_a_result_says_how_long_the_function_took(files, monkeypatch):
    monkeypatch.setattr(uploader, "request", answer)
    assert upload(files[0], "uploads/0.jpg", "http://in", "http://out").worked_ms == 12.5


def test_a_line_has_what_the_manifest_says(files, monkeypatch):
    monkeypatch.setattr(uploader, "request", answer)
    result = upload(files[0], "uploads/0.jpg", "http://in", "http://out")
    line = json.loads(result.to_json())
    assert list(line) == ["file", "key", "status", "error", "ms", "renditions", "losses"]
    assert line["renditions"] == json.loads(MANIFEST.to_json())["renditions"]
    assert (line["status"], line["error"], line["losses"]) == ("ready", None, [])


def test_a_manifest_of_a_newer_release_is_read(files, monkeypatch):
    newer = json.loads(MANIFEST.to_json())
    newer["renditions"][0]["depth"] = newer["weather"] = 16
    monkeypatch.setattr(uploader, "request", lambda *_: (200, json.dumps(newer).encode()))
    result = upload(files[0], "uploads/0.jpg", "http://in", "http://out")
    assert result.renditions == MANIFEST.renditions


def test_a_rejected_upload_says_why(files, monkeypatch):
    body = manifest(code="too_small").to_json()
    monkeypatch.setattr(uploader, "request", lambda *_: (200, body))
    result = upload(files[0], "uploads/0.jpg", "http://in", "http://out")
    error = {"code": "too_small", "message": "Too small."}
    assert json.loads(result.to_json())["error"] == error
    assert (result.status, result.reason) == ("rejected", "too_small: Too small.")


def test_what_is_refused_took_the_function_no_time(files, monkeypatch):
    monkeypatch.setattr(uploader, "request", lambda *_: (403, b""))
    result = upload(files[0], "uploads/0.jpg", "http://in", "http://out")
    assert (result.status, result.worked_ms) == ("refused", 0)


def test_whoever_is_blocked_asks_for_nothing_for_a_minute_then_goes_on(files, monkeypatch):
    answers = iter([(403, b""), (429, b""), (200, MANIFEST.to_json())])
    slept, asked = [], []

    def play(method, *_rest):
        asked.append(method)
        return next(answers) if method == "GET" else (200, b"")

    monkeypatch.setattr(uploader, "request", play)
    monkeypatch.setattr(uploader, "WAIT_SECONDS", 1)
    monkeypatch.setattr(uploader.time, "sleep", slept.append)
    assert upload(files[0], "uploads/0.jpg", "http://in", "http://out").status == "ready"
    assert slept == [uploader.POLL_SECONDS, uploader.PAUSE_SECONDS]
    assert asked == ["PUT", "GET", "GET", "GET"]


def test_the_pause_is_no_part_of_the_wait_which_ends_all_the_same(files, monkeypatch):
    now, asked = [0.0], []

    def sleep(seconds):
        now[0] += seconds

    def block(method, *_rest):
        asked.append(now[0])
        return (429 if method == "GET" else 200), b""

    monkeypatch.setattr(uploader, "request", block)
    monkeypatch.setattr(uploader.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(uploader.time, "sleep", sleep)
    assert upload(files[0], "uploads/0.jpg", "http://in", "http://out").status == "lost"
    assert asked[1:7] == [0, 60, 120, 180, 240, 300]
    assert now[0] == pytest.approx(300 + uploader.WAIT_SECONDS, abs=1)


def test_an_address_that_is_blocked_at_the_signer_is_told(files, monkeypatch):
    monkeypatch.setattr(uploader, "request", lambda *_: (429, b""))
    result = upload(files[0], "", "http://in/_sign", "http://out", presigned=True)
    assert result.reason == (
        "http_429: Too many requests at this moment, from this address or from all; wait a minute."
    )


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
        upload_all(files * 100, "http://in", "http://out", "uploads/", interrupt, parallel=1)
    assert begun.count("PUT") < len(files) * 100


def test_a_webp_is_sent_as_one_where_the_system_has_no_table_of_types(tmp_path, monkeypatch):
    monkeypatch.setattr(uploader.mimetypes, "_db", uploader.mimetypes.MimeTypes())
    sent = []

    def note(method, _url, _body=None, headers=None):
        sent.append(headers)
        return answer(method)

    monkeypatch.setattr(uploader, "request", note)
    (tmp_path / "a.webp").write_bytes(b"x")
    upload(tmp_path / "a.webp", "uploads/a.webp", "http://in", "http://out")
    assert sent[0] == {"Content-Type": "image/webp"}


def test_a_link_that_cannot_be_followed_is_no_file(files):
    (files[0].parent / "link.jpg").symlink_to("x" * 300)  # like one to where nobody may look
    assert find_files([files[0].parent]) == sorted(files)


def test_a_file_that_may_not_be_read_is_told_before_anything_is_sent(files, monkeypatch):
    # Not by permissions: the tests may run as root, who may read everything.
    monkeypatch.setattr(uploader.os, "access", lambda path, _mode: path != files[1])
    with pytest.raises(Misuse, match=r"1\.jpg may not be read"):
        find_files([files[0].parent])
