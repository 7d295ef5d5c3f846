"""Others' files that show what they look like, by a file beside each or by another of a set."""

import io

import pytest
from PIL import Image

from function.engine import formats
from function.engine.decode import decode
from function.engine.errors import Reason, Rejected
from function.engine.renditions import Quality
from function.engine.results import Task
from tests.corpus.test_phones import WHOLE, difference, outcome
from tests.support.engine import one

CUT_OR_OF_OTHER_LAYOUTS = {
    "bit16_a444": Reason.UNSUPPORTED_CODEC,
    "bit16_x444": Reason.UNSUPPORTED_CODEC,
    "video-001.progressive.truncated.jpeg": Reason.TRUNCATED,
}

pytestmark = pytest.mark.network


def look(data: bytes) -> Image.Image:
    return outcome(data)[0].convert("RGB")


def test_bmps_are_what_another_decoder_reads(bmps):
    outputs = sorted(bmps.glob("*_out.bmp"))
    assert len(outputs) == 13
    for output in outputs:
        name = output.name.removesuffix("_out.bmp")
        data = (bmps / f"{name}.bmp").read_bytes()
        if code := CUT_OR_OF_OTHER_LAYOUTS.get(name):
            with pytest.raises(Rejected, match=code):
                look(data)
        else:
            most = 6 if "bit16" in name else 0.5  # it leaves the low bits of 5 and 6 bits at 0
            assert difference(look(data), look(output.read_bytes())) < most, name


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("rgb8-srgb.jpg", 1),
        ("rgb8-adobergb.jpg", 1.5),
        ("rgb8-displayp3.jpg", 1.5),
        ("rgb8-displayp3-vp8x.webp", 2),
        ("rgb8-prophotorgb.jpg", 3),
        ("cmyk8-usswop.jpg", 12),  # inks have fewer colours
    ],
)
def test_a_picture_looks_the_same_in_every_profile(go_images, name, most):
    folder = go_images / "prism" / "test-images"
    plain = look((folder / "pizza-rgb8-srgb.png").read_bytes())
    assert difference(look((folder / f"pizza-{name}").read_bytes()), plain) < most


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_looks_the_same_in_every_orientation(go_images, orientation):
    upright, turned = (
        look((go_images / "testdata" / f"orientation_{number}.jpg").read_bytes())
        for number in (1, orientation)
    )
    assert difference(turned, upright) < 2


def test_a_picture_looks_the_same_in_every_subsampling(go_images):
    paths = sorted((go_images / "testdata").glob("video-001.*.jpeg"))
    plain = look((go_images / "testdata" / "video-001.q50.444.jpeg").read_bytes())
    found = {
        path.name: difference(look(path.read_bytes()), plain)
        for path in paths
        if path.name not in {*CUT_OR_OF_OTHER_LAYOUTS, "video-001.cmyk.jpeg"}
    }
    assert len(found) > 10
    assert {name: off for name, off in found.items() if off > 10} == {}


def test_an_apng_has_its_frames_alone(go_images):
    folder, moving = go_images / "apng" / "tests", one(formats=("webp",), animated=True)
    sources = [
        decode((folder / name).read_bytes(), Task((moving,), 10**6, quality=Quality.BEST))
        for name in ("WithDefaultFrame.png", "WithoutDefaultFrame.png")
    ]
    assert [len(source.frames) for source in sources] == [4, 4]
    assert {frame.milliseconds for source in sources for frame in source.frames} == {500}


def test_every_picture_that_pillow_opens_is_accepted(go_images):
    task, refused = Task((WHOLE,), 10**8), {}
    suffixes = {f".{ending}" for known in formats.every() for ending in known.content_types}
    paths = [path for path in sorted(go_images.rglob("*")) if path.suffix in suffixes]
    for path in paths:
        data = path.read_bytes()
        try:
            Image.open(io.BytesIO(data)).load()
            decode(data, task)
        except Rejected as rejection:
            refused[path.name] = rejection.code
        except OSError:  # Pillow's opinion
            continue
    assert len(paths) > 80
    assert refused == {}
