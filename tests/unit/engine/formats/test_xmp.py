"""XMP as phones write it: what each kind of it says is in the file."""

import pytest

from function.engine.formats.xmp import marked, marked_by_apple
from function.engine.losses import Loss

GOOGLE = "http://ns.google.com/photos/1.0/"
CAMERA = f'xmlns:GCamera="{GOOGLE}camera/"'


def xmp(attributes: str = "", elements: str = "") -> bytes:
    return f"<rdf:Description {attributes}>{elements}</rdf:Description>".encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (xmp('xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1"'), [Loss.HDR]),
        (xmp(f'xmlns:GDepth="{GOOGLE}depthmap/"'), [Loss.DEPTH]),
        (xmp('xmlns:Depth="http://ns.google.com/photos/dd/1.0/depthmap/"'), [Loss.DEPTH]),
        (xmp(f'{CAMERA} GCamera:MotionPhoto="1"'), [Loss.MOTION]),
        (xmp(f"{CAMERA} GCamera:MicroVideo='1'"), [Loss.MOTION]),
        (xmp(f'{CAMERA} GCamera:MotionPhoto = "1"'), [Loss.MOTION]),
        (xmp(f"{CAMERA} GCamera:MicroVideo\n=\t'1'"), [Loss.MOTION]),
        (xmp(f'{CAMERA} GCamera:MotionPhoto = "0"'), []),
        (xmp(CAMERA, "<GCamera:MotionPhoto>1</GCamera:MotionPhoto>"), [Loss.MOTION]),
        (xmp(f'{CAMERA} GCamera:MotionPhoto="0" GCamera:MotionPhotoVersion="1"'), []),
        (xmp(f'{CAMERA} GCamera:PortraitVersion="1"'), []),
        (xmp('xmlns:a="http://example.com/" a:MotionPhoto="1"'), []),
        (xmp('xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"'), []),
        (b"", []),
    ],
)
def test_marks_of_a_picture(text, expected):
    assert [*marked(text, len(text))] == expected


def test_marks_after_the_end_do_not_count():
    text = xmp(f'xmlns:GDepth="{GOOGLE}depthmap/" xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/"')
    motion = xmp(f'{CAMERA} GCamera:MotionPhoto="1"')
    assert [*marked(text, 30)] == []
    assert [*marked(motion, len(motion) - 40)] == []
    assert [*marked(motion, motion.index(b"MotionPhoto"))] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HDRGainMap/1.0/", [Loss.HDR]),
        ("depthData/1.0/", [Loss.DEPTH]),
        ("portraitEffectsMatte/1.0/", [Loss.DEPTH]),
        ("semanticSegmentationMatte/1.0/", [Loss.DEPTH]),
        ("pixeldatainfo/1.0/", []),
    ],
)
def test_marks_of_further_pictures(name, expected):
    text = xmp(f'xmlns:a="http://ns.apple.com/ImageIO/1.0/" xmlns:b="http://ns.apple.com/{name}"')
    assert [*marked_by_apple(text, 0)] == expected
    assert [*marked_by_apple(text, len(text) - 20)] == []


def test_a_namespace_of_another_owner_is_no_mark():
    text = xmp('xmlns:a="http://ns.apple.com/ImageIO/1.0/" xmlns:b="http://x.org/depthData/1.0/"')
    assert [*marked_by_apple(text, 0)] == []
