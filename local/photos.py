"""Sample photos for the demo: made here, from seeded noise, with the sizes that people upload.

Natural images have a spectrum that falls with frequency; so does the noise that clouds and
ridges are made of here, which is why these compress to the sizes of real photos.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw, ImageFilter

Array = NDArray[np.float32]

ROTATED: Final = 6
"""EXIF orientation of a phone held upright: pixels lie on their side."""


def sample_photos(folder: Path, progress: Callable[[str], None] = lambda _name: None) -> list[Path]:
    """Write the sample photos that are not there yet.

    Args:
        folder: where they are kept from one demo to the next.
        progress: told each photo's name once it is there.

    Returns:
        Their paths: two JPEGs (one of 12 megapixels, one upright by EXIF alone, with a GPS
        position), a WebP, two PNGs (with alpha; a screenshot) and an animated GIF.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in _PHOTOS.items():
        path = folder / name
        if not path.exists():
            part = path.with_suffix(f".part{path.suffix}")
            make(part)
            part.rename(path)
        progress(name)
    return [folder / name for name in _PHOTOS]


def _lake(path: Path) -> None:
    """A mountain lake at dusk, 4000 x 3000."""
    width, height, shore = 4000, 3000, 1850
    rng = np.random.default_rng(1)
    sky = _sky(rng, width, shore, top=(38, 58, 110), bottom=(255, 176, 120), clouds=(255, 210, 190))
    land = _mountains(rng, sky, layers=6, near=(20, 26, 34), far=(150, 130, 160))
    water = _reflection(rng, land, height - shore)
    _save_jpeg(_grain(rng, np.concatenate([land, water])), path, quality=92)


def _canyon(path: Path) -> None:
    """A desert canyon, 2268 x 3024, stored on their side as phones do."""
    width, height = 2268, 3024
    rng = np.random.default_rng(2)
    sky = _sky(
        rng, width, height, top=(70, 130, 200), bottom=(250, 225, 190), clouds=(255, 255, 255)
    )
    land = _mountains(rng, sky, layers=5, near=(196, 116, 58), far=(240, 196, 140), rough=0.55)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = ROTATED
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Example", "Phone 1"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (31.0, 8.0, 45.0)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "W", (4.0, 0.0, 50.0)
    upright = _grain(rng, land)
    _save_jpeg(np.rot90(upright).copy(), path, quality=90, exif=exif)


def _aurora(path: Path) -> None:
    """Northern lights over hills, 2400 x 1600, WebP."""
    width, height = 2400, 1600
    rng = np.random.default_rng(3)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    bend = _noise(rng, (1, width), 1.6)[0]
    centre = 0.38 + 0.12 * bend
    curtain = np.exp(-np.clip((y - centre) / 0.05, 0, None)) * (y > centre - 0.32 + 0.1 * bend)
    curtain *= np.clip(1 - (centre - y) / 0.4, 0, 1) * (y < centre + 0.2)
    rays = 0.55 + 0.45 * _noise(rng, (1, width), 0.7)
    glow = _blur(curtain * rays, 14)[..., None]
    night = np.array([8, 12, 30]) + y[..., None] * np.array([10, 30, 40])
    image = night + glow * (
        np.array([60, 235, 150]) + (0.5 - y[..., None]) * np.array([190, -160, 200])
    )
    stars = rng.random((height, width), dtype=np.float32) ** 9000
    image += _blur(stars * 900, 1)[..., None]
    land = _mountains(rng, image.astype(np.float32), layers=3, near=(4, 8, 12), far=(14, 26, 36))
    Image.fromarray(_to_bytes(_grain(rng, land, 3))).save(path, quality=85)


def _sticker(path: Path) -> None:
    """A sun with a transparent ground, 1200 x 1200, drawn four times as large and reduced."""
    size = 2400
    sticker = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(sticker)
    centre = size / 2
    for turn in range(24):
        angle = turn * np.pi / 12
        tip = (centre + np.cos(angle) * 1120, centre + np.sin(angle) * 1120)
        sides = [
            (centre + np.cos(angle + d) * 760, centre + np.sin(angle + d) * 760)
            for d in (-0.1, 0.1)
        ]
        draw.polygon([tip, *sides], fill="#ff9f1c" if turn % 2 else "#ffbf69")
    for radius, colour in ((720, "#ffffff"), (670, "#ffd166")):
        box = (centre - radius, centre - radius, centre + radius, centre + radius)
        draw.ellipse(box, fill=colour)
    for x in (centre - 260, centre + 260):
        draw.ellipse((x - 70, centre - 240, x + 70, centre - 60), fill="#3d2c29")
    draw.arc((centre - 360, centre - 260, centre + 360, centre + 360), 25, 155, "#3d2c29", 60)
    sticker.resize((1200, 1200), Image.Resampling.LANCZOS).save(path)


def _screenshot(path: Path) -> None:
    """A chat on a phone, 1170 x 2532: flat areas, sharp edges and text."""
    screen = Image.new("RGB", (1170, 2532), "#f2f2f7")
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1170, 260), fill="#ffffff")
    draw.text((585, 160), "Weekend trip", "#111111", font_size=54, anchor="mm")
    lines = [
        "Did you see the lake at dusk?",
        "Yes! I took about forty photos.",
        "Send me the one with the reflection",
        "Uploading it now, 12 megapixels",
        "It is there already?!",
        "Four sizes, JPEG and WebP",
        "And the gallery did not even jump",
        "ThumbHash, I am told",
        "The canyon next month?",
        "Only if you carry the tripod",
    ]
    for index, line in enumerate(lines):
        mine = index % 2
        length = draw.textlength(line, font_size=44)
        left = 1170 - 130 - length if mine else 60
        top = 340 + index * 200
        box = (left, top, left + length + 70, top + 120)
        draw.rounded_rectangle(box, 50, fill="#0a84ff" if mine else "#e5e5ea")
        text = "#ffffff" if mine else "#111111"
        draw.text((left + 35, top + 60), line, text, font_size=44, anchor="lm")
    draw.rounded_rectangle((60, 2380, 1110, 2490), 55, outline="#c7c7cc", width=4)
    draw.text((110, 2435), "Message", "#8e8e93", font_size=44, anchor="lm")
    screen.save(path)


def _tide(path: Path) -> None:
    """Waves that roll for ever, 480 x 360, 16 frames."""
    width, height, count = 480, 360, 16
    x = np.linspace(0, 4 * np.pi, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    frames: list[Image.Image] = []
    for frame in range(count):
        turn = 2 * np.pi * frame / count
        image = (
            np.array([255, 214, 165]) * (1 - y[..., None])
            + np.array([255, 150, 120]) * y[..., None]
        )
        for layer in range(5):
            swell = (
                0.45 + 0.11 * layer + 0.035 * np.sin(x * (1 + layer % 2) + (layer + 1) % 3 * turn)
            )
            mask = (y > swell)[..., None]
            image = np.where(mask, np.array([20, 110, 150]) - layer * np.array([3, 18, 14]), image)
        frames.append(Image.fromarray(image.clip(0, 255).astype(np.uint8)))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=70, loop=0)


def _noise(rng: np.random.Generator, shape: tuple[int, int], slope: float) -> Array:
    """Noise whose amplitude falls with frequency to the power of ``slope``, from -1 to 1."""
    rows, columns = np.fft.fftfreq(shape[0]) * shape[0], np.fft.rfftfreq(shape[1]) * shape[1]
    frequency = np.hypot(rows[:, None], columns[None, :])
    frequency[0, 0] = 1
    phases = rng.random(frequency.shape, dtype=np.float32) * np.float32(2 * np.pi)
    spectrum = np.exp(1j * phases) * (frequency**-slope).astype(np.float32)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, shape)
    return (field / np.abs(field).max()).astype(np.float32)


def _sky(
    rng: np.random.Generator,
    width: int,
    height: int,
    *,
    top: tuple[int, int, int],
    bottom: tuple[int, int, int],
    clouds: tuple[int, int, int],
) -> Array:
    """A gradient with clouds that gather towards the horizon."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    gradient = _rgb(top) * (1 - y) + _rgb(bottom) * y
    small = _noise(rng, (height // 4, width // 4), 1.7)
    stretched = Image.fromarray(small).resize((width * 3, height), Image.Resampling.BICUBIC)
    cover = np.asarray(stretched)[:, width : 2 * width, None]
    amount = np.clip(cover * 2.2 + 0.15, 0, 1) * 0.65
    return (gradient * (1 - amount) + _rgb(clouds) * amount).astype(np.float32)


def _mountains(
    rng: np.random.Generator,
    picture: Array,
    *,
    layers: int,
    near: tuple[int, int, int],
    far: tuple[int, int, int],
    rough: float = 1.0,
) -> Array:
    """Ridges before a sky, each nearer one darker, lower and with more texture."""
    height, width = picture.shape[:2]
    y = np.arange(height, dtype=np.float32)[:, None]
    texture = _noise(rng, (height, width), 1.05)
    for layer in range(layers):
        depth = layer / max(layers - 1, 1)
        ridge = _noise(rng, (1, width), 1.9 - 0.55 * rough)[0]
        line = height * (0.56 + 0.36 * depth) - height * (0.2 - 0.1 * depth) * ridge
        below = np.clip(y - line, 0, 1)[..., None]
        light = 1 + np.float32(0.15 + 0.5 * depth) * texture[..., None]
        shade = np.clip((y - line) / (0.35 * height), 0, 1)[..., None]
        colour = _rgb(far) * np.float32(1 - depth) + _rgb(near) * np.float32(depth)
        picture = picture * (1 - below) + (colour * (1 - 0.35 * shade) * light) * below
    return picture.astype(np.float32)


def _reflection(rng: np.random.Generator, land: Array, height: int) -> Array:
    """The land upside down in water, rippled more the nearer it is."""
    mirrored = land[::-1][:height]
    rows = np.arange(height)
    nearness = (rows / height).astype(np.float32)[:, None]
    ripple = _noise(rng, (height, 256), 0.9).repeat(land.shape[1] // 256 + 1, axis=1)
    shift = (ripple[:, : land.shape[1]] * (4 + 60 * nearness)).astype(np.intp)
    source = np.clip(rows[:, None] + shift, 0, height - 1)
    water = mirrored[source, np.arange(land.shape[1])[None, :]]
    tint = _rgb((0.62, 0.68, 0.78)) * (1 - 0.35 * nearness[..., None])
    return (water * tint).astype(np.float32)


def _grain(rng: np.random.Generator, picture: Array, strength: float = 5) -> Array:
    """A sensor's noise, the same in all channels."""
    noise = rng.standard_normal(picture.shape[:2], dtype=np.float32)
    return (picture + strength * noise[..., None]).astype(np.float32)


def _rgb(colour: tuple[float, float, float]) -> Array:
    return np.array(colour, dtype=np.float32)


def _blur(field: Array, radius: float) -> Array:
    image = Image.fromarray(np.clip(field * 200, 0, 255).astype(np.uint8))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)
    return blurred / np.float32(200)


def _to_bytes(picture: Array) -> NDArray[np.uint8]:
    return np.clip(picture, 0, 255).astype(np.uint8)


def _save_jpeg(picture: Array, path: Path, *, quality: int, exif: Image.Exif | None = None) -> None:
    Image.fromarray(_to_bytes(picture)).save(
        path, "JPEG", quality=quality, exif=exif or Image.Exif()
    )


_PHOTOS: Final[dict[str, Callable[[Path], None]]] = {
    "lake.jpg": _lake,
    "canyon.jpg": _canyon,
    "aurora.webp": _aurora,
    "sticker.png": _sticker,
    "screenshot.png": _screenshot,
    "tide.gif": _tide,
}
