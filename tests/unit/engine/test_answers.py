"""Answers that a worker may give about an upload, and answers that no intact worker gives."""

import pytest

from function.engine.answers import Answers
from function.engine.errors import DecoderBug
from function.engine.results import Fingerprint, Measured, Rendered, Task
from tests.support.engine import one

TASK = Task((one(formats=("jpeg", "png")),), 10**6, 1)
"""Its renditions may have a quarter of 1 MB."""

MEASURED = {"kind": "Measured", "width": 3, "height": 2, "format": "png", "losses": []}
FINGERPRINT = {
    "kind": "Fingerprint",
    "placeholder": "1QcSHQRnh493V4dIh4eXh1h4kJUI",
    "dominant_color": "#a0b1c2",
    "perceptual_hash": "0123456789abcdef",
    "margins": [0.5] * 64,
}


def rendered(format_name: str, **fields):
    name = TASK.renditions[0].name
    return {
        "kind": "Rendered",
        "name": name,
        "format": format_name,
        "width": 3,
        "height": 2,
        "hdr": format_name == "jpeg",
    } | fields


ALL = [MEASURED, rendered("jpeg"), rendered("png"), FINGERPRINT]


def read(messages, body=b"x"):
    answers = Answers(TASK)
    results = [answers.read(message, body) for message in messages]
    answers.check_complete()
    return results


def test_complete_answers_are_results():
    measured, first, second, fingerprint = read(ALL)
    assert measured == Measured(3, 2, "png")
    assert isinstance(fingerprint, Fingerprint)
    assert fingerprint.perceptual_hash == "0123456789abcdef"
    assert fingerprint.margins == (0.5,) * 64
    assert isinstance(first, Rendered)
    assert (first.hdr, second.hdr) == (True, False)
    assert (second.name, second.format, second.body) == (TASK.renditions[0].name, "png", b"x")


@pytest.mark.parametrize("left_out", range(len(ALL)))
def test_nothing_is_left_out(left_out):
    with pytest.raises(DecoderBug):
        read([message for index, message in enumerate(ALL) if index != left_out])


WRONG = [
    MEASURED | {"format": "x"},
    MEASURED | {"width": 0},
    MEASURED | {"height": -5},
    MEASURED | {"width": 10**30},
    rendered("jpeg", width=0),
    rendered("jpeg", height=1 << 31),
    rendered("png", hdr=True),
    rendered("jpeg", hdr="yes"),
    FINGERPRINT | {"placeholder": "<b>bold</b>"},
    FINGERPRINT | {"placeholder": "a" * 70},
    FINGERPRINT | {"dominant_color": "url(x)"},
    FINGERPRINT | {"perceptual_hash": "zz"},
    FINGERPRINT | {"perceptual_hash": "0123456789abcdef0"},
    FINGERPRINT | {"margins": [0.5] * 63},
    FINGERPRINT | {"margins": [0.5] * 63 + [float("inf")]},
    {"kind": "rejected", "code": "broken_image", "message": "a" * 1001},
]


@pytest.mark.parametrize("message", WRONG)
def test_what_no_worker_of_ours_answers(message):
    kinds = [found["kind"] for found in ALL]
    sequence = [*ALL]
    if message["kind"] in kinds:
        sequence[kinds.index(message["kind"])] = message
    else:
        sequence.append(message)
    with pytest.raises(DecoderBug):
        read(sequence)


def test_a_rejection_has_a_sentence():
    rejection = {"kind": "rejected", "code": "broken_image", "message": "a" * 1000}
    assert Answers(TASK).read(rejection, b"") is None


def test_all_renditions_together_have_a_quarter_of_the_memory():
    assert Answers.most_bytes(TASK) == 1 << 18
    read(ALL, bytes(1 << 17))
    with pytest.raises(DecoderBug):
        read(ALL, bytes((1 << 17) + 1))


def test_a_format_is_wished_for_once():
    wish = {"kind": "need", "format": "heic"}
    assert read([wish, *ALL])[0] is None
    with pytest.raises(DecoderBug):
        read([wish, wish, *ALL])
