import base64
import re

import numpy as np
import pytest
from PIL import Image

from bench.photos import photo
from function.engine.decode import decode
from function.engine.fingerprint import fingerprint, thumb_hash
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from tests.support.pictures import encoded, gradient

PHOTO = photo((800, 600))


def of(image, format_name="PNG", **options):
    data = encoded(image, format_name, **options)
    return fingerprint(decode(data, Task(DEFAULT_RENDITIONS, 10000000)))


def distance(first, second):
    return (int(first.perceptual_hash, 16) ^ int(second.perceptual_hash, 16)).bit_count()


def reference_thumb_hash(image):
    """ThumbHash written from its description with numpy, as directly as it reads."""
    width, height = image.size
    rgba = np.asarray(image.convert("RGBA"), dtype=float) / 255
    alpha = rgba[:, :, 3]
    average = (rgba[:, :, :3] * alpha[:, :, None]).sum((0, 1)) / max(alpha.sum(), 1e-9)
    rgb = average * (1 - alpha[:, :, None]) + rgba[:, :, :3] * alpha[:, :, None]
    has_alpha = alpha.min() < 1
    limit, longest = (5 if has_alpha else 7), max(width, height)
    across = max(1, int(limit * width / longest + 0.5))
    down = max(1, int(limit * height / longest + 0.5))
    r, g, b = rgb[:, :, 0], rgb[:, :, 1], rgb[:, :, 2]

    def channel(values, nx, ny):
        levels = []
        for cy in range(ny):
            for cx in range(nx):
                if cx * ny < nx * (ny - cy):
                    fx = np.cos(np.pi / width * cx * (np.arange(width) + 0.5))
                    fy = np.cos(np.pi / height * cy * (np.arange(height) + 0.5))
                    levels.append((values * fx[None, :] * fy[:, None]).sum() / width / height)
        scale = max(abs(v) for v in levels[1:])
        return levels[0], [0.5 + 0.5 / scale * v if scale else v for v in levels[1:]], scale

    ldc, lac, ls = channel((r + g + b) / 3, max(3, across), max(3, down))
    pdc, pac, ps = channel((r + g) / 2 - b, 3, 3)
    qdc, qac, qs = channel(r - g, 3, 3)
    rnd = lambda v: int(np.floor(v + 0.5))  # noqa: E731
    head = rnd(63 * ldc) | rnd(31.5 + 31.5 * pdc) << 6 | rnd(31.5 + 31.5 * qdc) << 12
    head |= rnd(31 * ls) << 18 | int(has_alpha) << 23
    wide = width > height
    more = (down if wide else across) | rnd(63 * ps) << 3 | rnd(63 * qs) << 9 | int(wide) << 15
    body = list(head.to_bytes(3, "little") + more.to_bytes(2, "little"))
    nibbles = [rnd(15 * v) for v in lac + pac + qac]
    if has_alpha:
        adc, aac, ascale = channel(alpha, 5, 5)
        body.append(rnd(15 * adc) | rnd(15 * ascale) << 4)
        nibbles += [rnd(15 * v) for v in aac]
    nibbles += [0] * (len(nibbles) % 2)
    return bytes(body + [a | b << 4 for a, b in zip(nibbles[::2], nibbles[1::2], strict=True)])


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(32, 32), (40, 30), (30, 50)])
def test_thumb_hash_is_what_its_description_says(size, mode):
    noise = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 4), np.uint8)
    image = Image.fromarray(noise).convert(mode)
    assert thumb_hash(image, size) == reference_thumb_hash(image)


def test_the_placeholder_knows_its_shape():
    wide, tall = of(gradient((80, 40))), of(gradient((40, 80)))
    assert base64.b64decode(wide.placeholder)[4] >> 7 == 1
    assert base64.b64decode(tall.placeholder)[4] >> 7 == 0
    assert 15 <= len(base64.b64decode(wide.placeholder)) <= 25


@pytest.mark.parametrize("colour", [(200, 30, 40), (0, 0, 0), (255, 255, 255)])
def test_the_dominant_colour_is_the_commonest(colour):
    image = Image.new("RGB", (200, 200), colour)
    image.paste((10, 200, 220), (0, 0, 60, 60))
    assert of(image).dominant_color == "#" + bytes(colour).hex()


def test_transparent_pixels_have_no_colour():
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 30, 30))
    assert of(image).dominant_color == "#0000ff"
    assert of(Image.new("RGBA", (9, 9), (1, 2, 3, 0))).dominant_color == "#000000"


def test_copies_of_a_picture_have_near_hashes():
    original = of(PHOTO)
    assert re.fullmatch("[0-9a-f]{16}", original.perceptual_hash)
    assert distance(original, of(PHOTO, "JPEG", quality=60)) <= 4
    assert distance(original, of(PHOTO.resize((333, 250)))) <= 4
    assert distance(original, of(PHOTO, "WEBP", quality=50)) <= 4


def test_different_pictures_have_far_hashes():
    assert distance(of(PHOTO), of(photo((800, 600), seed=8))) > 12
