"""Northern lights above snowy hills, and one warm window: a long exposure, taken upright."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from local.photos import terrain
from local.photos.noise import Field, develop, fractal, gradient, mix, ridged, smoothstep

WIDTH, HEIGHT = 1134, 1512
HORIZON = 1080


def paint(rng: np.random.Generator) -> Image.Image:
    """A portrait of 2268 x 3024 pixels."""
    picture = _stars(rng)
    picture += _curtains(rng)
    _hills(rng, picture)
    _trees(rng, picture)
    _cabin(picture)
    return develop(rng, picture, (2 * WIDTH, 2 * HEIGHT), grain=5)


def _stars(rng: np.random.Generator) -> Field:
    y = np.arange(HEIGHT, dtype=np.float32)[:, None].repeat(WIDTH, axis=1) / HORIZON
    sky = gradient(
        [(0.0, (5, 9, 26)), (0.5, (8, 22, 48)), (0.8, (16, 48, 72)), (1.0, (36, 84, 92))], y
    )
    dust = fractal(rng, (HEIGHT, WIDTH), 1.5)
    sky += smoothstep(-0.5, 2.5, dust)[..., None] * np.array((0.035, 0.04, 0.07), np.float32)
    points = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    count = 2600
    rows, columns = rng.integers(0, HORIZON, count), rng.integers(0, WIDTH, count)
    power = (0.06 / (rng.random(count) ** 0.62 + 0.02)).astype(np.float32)
    tint = gradient(
        [(0.0, (160, 190, 255)), (0.6, (255, 255, 255)), (1.0, (255, 214, 170))],
        rng.random(count).astype(np.float32),
    )
    points[rows, columns] = tint * power[:, None]
    layers = [_blur(points[..., c], 0.75) * 3.4 + _blur(points[..., c], 2.6) * 3 for c in range(3)]
    return sky + np.stack(layers, axis=-1) * (1 - smoothstep(0.75, 1, y))[..., None]


def _curtains(rng: np.random.Generator) -> Field:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    total = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for base, swing, length, power in (
        (800, 150, 460, 0.95),
        (600, 95, 380, 0.6),
        (900, 60, 210, 0.5),
    ):
        path = fractal(rng, (1, 4096), 1.9)[0]
        rays = fractal(rng, (1, 4096), 0.75)[0]
        slow = fractal(rng, (1, 4096), 1.6)[0]
        # Rays converge overhead, as parallel lines do in a wide lens.
        across = (x - WIDTH * 0.55) / (0.55 + 0.45 * y / HORIZON) * 0.9 + 2048
        index = np.clip(across, 0, 4094.99)
        fold = base + swing * _line(path, index) + 30 * _line(slow, index)
        rise = fold - y
        reach = length * (0.75 + 0.22 * _line(rays, index))
        # Sharp below the fold, long above it.
        fade = np.exp(np.minimum(rise, 0) / 26 - np.maximum(rise, 0) / reach)
        ray = np.clip(0.62 + 0.30 * _line(rays, index) + 0.25 * _line(slow, index), 0.04, 2)
        colour = gradient(
            [
                (-0.1, (60, 190, 160)),
                (0.05, (96, 255, 170)),
                (0.5, (50, 190, 150)),
                (0.95, (110, 70, 190)),
                (1.6, (150, 40, 140)),
            ],
            rise / length,
        )
        total += colour * (fade * ray * power)[..., None]
    return 1.15 * (1 - np.exp(-total * 0.95))


def _hills(rng: np.random.Generator, picture: Field) -> None:
    size = 1024
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    swell = ridged(rng, size, 4, 7) * 120 * smoothstep(330, 760, row)
    dip = 1 - 0.55 * np.exp(-(((column - 540) / 120) ** 2))
    drifts = fractal(rng, (size, size), 1.9) * 5
    heights = swell * dip + drifts * smoothstep(900, 300, row)
    rough = fractal(rng, (size, size), 0.8)
    steep = np.hypot(*np.gradient(heights))
    snow = smoothstep(1.05, 0.45, steep + 0.10 * rough)
    ground = mix((0.07, 0.09, 0.12), (0.60, 0.70, 0.80), snow)
    glow = terrain.light(heights, (0.36, 0.30, 0.88))
    moon = terrain.light(heights, (-0.4, 0.7, 0.6))
    colours = ground * (
        glow[..., None] * np.array((0.10, 0.42, 0.34), np.float32)
        + moon[..., None] * np.array((0.10, 0.13, 0.26), np.float32)
    )
    camera = terrain.Camera(column=512, altitude=34, focal=1300, horizon=HORIZON)
    view = terrain.look(heights, camera, (WIDTH, HEIGHT), 70, 1000)
    seen = np.isfinite(view.depth)
    depth = view.depth[seen]
    near = terrain.sample(colours, depth, view.column[seen])
    haze = np.clip((depth - 250) / 1500, 0, 0.5)
    picture[seen] = mix(near, (0.10, 0.27, 0.29), haze)


def _trees(rng: np.random.Generator, picture: Field) -> None:
    layer = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    draw = ImageDraw.Draw(layer)
    for _ in range(150):
        side = rng.random() ** 1.7 * 0.46
        x = (side if rng.binomial(1, 0.55) else 1 - side * 0.85) * WIDTH * 2
        near = (1 - side / 0.46) ** 1.3
        foot = 2 * (HORIZON + 70 + 210 * near) + rng.uniform(-12, 12)
        tall = (70 + 420 * near) * rng.uniform(0.6, 1.1)
        whorls = int(9 + tall / 16)
        for whorl in range(whorls):
            share = (whorl + 1) / whorls
            half = tall * 0.17 * share**0.85 * rng.uniform(0.75, 1.15)
            top = foot - tall * (1 - share * 0.92)
            drop = tall / whorls * 1.5
            draw.polygon(
                [
                    (x, top - drop),
                    (x - half, top + drop * 0.5),
                    (x, top + drop * 0.1),
                    (x + half * rng.uniform(0.8, 1.1), top + drop * 0.5),
                ],
                fill=255,
            )
        draw.rectangle((x - tall * 0.012, foot - tall * 0.1, x + tall * 0.012, foot), fill=255)
    cover = np.asarray(layer.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), np.float32) / 255
    picture[:] = mix(picture, (0.012, 0.030, 0.036), cover)


def _cabin(picture: Field) -> None:
    x, y, scale = 640, 1222, 1.0
    layer = Image.new("RGBA", (WIDTH * 2, HEIGHT * 2))
    draw = ImageDraw.Draw(layer)

    def box(points: list[tuple[float, float]], colour: str) -> None:
        draw.polygon(
            [((x + px * scale) * 2, (y + py * scale) * 2) for px, py in points], fill=colour
        )

    box([(-34, 0), (-34, -26), (36, -26), (36, 0)], "#0d1517")
    box([(-42, -24), (-26, -50), (30, -50), (44, -24)], "#7fb0a8")
    box([(-34, -22), (-34, -25), (36, -25), (36, -22)], "#0a1012")
    box([(18, -46), (18, -62), (26, -62), (26, -46)], "#10191b")
    for left in (-24, 6):
        box([(left, -6), (left, -19), (left + 17, -19), (left + 17, -6)], "#ffc56b")
        box([(left + 8, -6), (left + 8, -19), (left + 9, -19), (left + 9, -6)], "#3a2510")
    art = np.asarray(layer.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), np.float32) / 255
    picture[:] = mix(picture, art[..., :3], art[..., 3])
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    halo = np.exp(-np.hypot(columns - x, (rows - y + 12) * 1.2) / 42)
    pool = np.exp(-(((columns - x) / 62) ** 2) - ((rows - y - 16) / 15) ** 2)
    picture += (halo * 0.34 + pool * 0.36)[..., None] * np.array((1.0, 0.62, 0.22), np.float32)


def _line(values: Field, index: Field) -> Field:
    left = index.astype(np.int32)
    return values[left] + (values[left + 1] - values[left]) * (index - left)


def _blur(plane: Field, radius: float) -> Field:
    image = Image.fromarray((np.clip(plane, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255
