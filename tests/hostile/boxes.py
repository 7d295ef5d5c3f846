"""Hostile HEIC and AVIF files: grids, references, extents and items made by hand."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from PIL import Image

from tests.support.bombs import profile_of
from tests.support.pictures import display_p3, encoded


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags) + body)


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        start = at + 8
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        length = length or len(data) - at
        found.append((data[at + 4 : at + 8], data[start : at + length]))
        at += length
    return found


def inside(data: bytes, name: bytes) -> bytes:
    return next(body for found, body in boxes(data) if found == name)


class Tile:
    """One coded picture: its bytes, its configuration, and how its item is called."""

    def __init__(self, format_name: str, side: int, *, noise: bool = False) -> None:
        image = Image.new("RGB", (side, side), (90, 120, 30))
        if noise:
            image = Image.effect_noise((side, side), 80).convert("RGB")
        options = {"speed": 10} if format_name == "AVIF" else {}
        data = encoded(image, format_name, quality=50, **options)
        self.side = side
        self.brand = data[8:12]
        self.coding = b"av01" if format_name == "AVIF" else b"hvc1"
        meta = inside(data, b"meta")[4:]
        properties = inside(inside(meta, b"iprp"), b"ipco")
        wanted = b"av1C" if format_name == "AVIF" else b"hvcC"
        self.configuration = next(b for n, b in boxes(properties) if n == wanted)
        self.name = wanted
        self.data = inside(data, b"mdat")


def grid(
    tile: Tile,
    columns: int,
    rows: int,
    *,
    size: tuple[int, int] | None = None,
    distinct: bool = False,
    extents: int = 1,
    nested: int = 0,
    properties: bytes = b"",
    through_idat: bool = False,
) -> bytes:
    """A picture put together from tiles, of which all may be one and the same item."""
    width, height = size or (columns * tile.side, rows * tile.side)
    body = bytes((0, 1, rows - 1, columns - 1)) + struct.pack(">II", width, height)
    count = columns * rows if distinct else 1
    tiles = list(range(2, 2 + count))
    infos = full(b"infe", struct.pack(">HH4s", 1, 0, b"grid") + b"\0", 2)
    for item in tiles:
        infos += full(b"infe", struct.pack(">HH4s", item, 0, tile.coding) + b"\0", 2, 1)
    used = tiles if distinct else tiles * (columns * rows)
    references = full(
        b"iref",
        box(b"dimg", struct.pack(">HH", 1, len(used)) + struct.pack(f">{len(used)}H", *used)),
    )
    ispe = full(b"ispe", struct.pack(">II", width, height))
    small = full(b"ispe", struct.pack(">II", tile.side, tile.side))
    config = box(tile.name, tile.configuration)
    pixi = full(b"pixi", bytes((3, 8, 8, 8)))
    container = box(b"ipco", ispe + small + config + pixi + properties)
    associations = struct.pack(">HB", 1, 2) + bytes((1, 4))
    for item in tiles:
        associations += struct.pack(">HB", item, 3) + bytes((2, 0x83, 4))
    iprp = box(b"iprp", container + full(b"ipma", struct.pack(">I", 1 + count) + associations))

    def meta(offset: int) -> bytes:
        ilocs = struct.pack(">HHHH", 1, 1, 0, 1) + struct.pack(">II", 0, len(body))
        for item in tiles:
            method = 1 if through_idat else 0
            where = len(body) if through_idat else offset
            ilocs += struct.pack(">HHHH", item, method, 0, extents)
            ilocs += struct.pack(">II", where, len(tile.data)) * extents
        iloc = full(b"iloc", b"\x44\0" + struct.pack(">H", 1 + count) + ilocs, 1)
        iinf = full(b"iinf", struct.pack(">H", 1 + count) + infos)
        hdlr = full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        idat = box(b"idat", body + (tile.data if through_idat else b""))
        pitm = full(b"pitm", struct.pack(">H", 1))
        return full(b"meta", hdlr + pitm + iloc + iinf + references + iprp + idat)

    ftyp = box(b"ftyp", tile.brand + bytes(4) + b"mif1" + tile.brand)
    length = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(length) + box(b"mdat", tile.data)


def loop(tile: Tile, items: int = 500) -> bytes:
    """Grids that consist of one another, in a circle."""
    body = bytes((0, 1, 0, 0)) + struct.pack(">II", tile.side, tile.side)
    infos = b"".join(
        full(b"infe", struct.pack(">HH4s", n, 0, b"grid") + b"\0", 2) for n in range(1, items + 1)
    )
    references = b"".join(
        box(b"dimg", struct.pack(">HHH", n, 1, n % items + 1)) for n in range(1, items + 1)
    )
    ispe = full(b"ispe", struct.pack(">II", tile.side, tile.side))
    associations = b"".join(struct.pack(">HB", n, 1) + b"\1" for n in range(1, items + 1))
    iprp = box(
        b"iprp",
        box(b"ipco", ispe) + full(b"ipma", struct.pack(">I", items) + associations),
    )
    ilocs = b"".join(struct.pack(">HHHHII", n, 1, 0, 1, 0, len(body)) for n in range(1, items + 1))
    meta = full(
        b"meta",
        full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full(b"pitm", struct.pack(">H", 1))
        + full(b"iloc", b"\x44\0" + struct.pack(">H", items) + ilocs, 1)
        + full(b"iinf", struct.pack(">H", items) + infos)
        + full(b"iref", references)
        + iprp
        + box(b"idat", body),
    )
    return box(b"ftyp", tile.brand + bytes(4) + b"mif1" + tile.brand) + meta


def free_boxes(format_name: str, count: int) -> bytes:
    data = encoded(Image.new("RGB", (64, 64)), format_name)
    return data + box(b"free", b"") * count


def _hevc(side: int, *, noise: bool = False) -> Tile:
    return Tile("HEIF", side, noise=noise)


def _av1(side: int, *, noise: bool = False) -> Tile:
    return Tile("AVIF", side, noise=noise)


def _spread(tile: Tile, columns: int, rows: int) -> bytes:
    return grid(tile, columns, rows, size=(6600, 6600), distinct=True)


def _large(format_name: str, side: int, mode: str = "RGB", **options: object) -> bytes:
    return encoded(Image.new(mode, (side, side), (9, 9, 9, 9)[: len(mode)]), format_name, **options)


def lying(side: int, stated: int, **options: object) -> bytes:
    """An AVIF whose ``ispe`` box states a smaller picture than the one that is coded."""
    data = _large("AVIF", side, speed=10, quality=30, **options)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", stated, stated) + data[at + 8 :]


def _profile(format_name: str) -> bytes:
    profile = profile_of(b"A2B0", bytes(5 << 20))
    return encoded(Image.new("RGB", (64, 64)), format_name, icc_profile=profile)


def _sequence(frames: int = 200) -> bytes:
    pictures = [Image.fromarray(np.full((64, 64, 3), n, np.uint8)) for n in range(frames)]
    first, *more = pictures
    return encoded(first, "AVIF", save_all=True, append_images=more, speed=10)


STILLS: Final[Mapping[str, Callable[[], bytes]]] = {
    "heic grid of 65,280 tiles": lambda: grid(
        _hevc(64), 255, 256, size=(7000, 7000), distinct=True
    ),
    "heic grid of tiles of 16": lambda: _spread(_hevc(64), 109, 109),
    "heic grid 49 MP": lambda: grid(_hevc(512), 14, 14, size=(7000, 7000), distinct=True),
    "heic grid of noise": lambda: grid(
        _hevc(512, noise=True), 13, 13, size=(6600, 6600), distinct=True
    ),
    "heic grid, tile too large": lambda: grid(
        _hevc(2048), 100, 100, size=(7000, 7000), distinct=True
    ),
    "heic grid 60,000 items": lambda: grid(_hevc(64), 240, 250, distinct=True),
    "heic extents": lambda: grid(_hevc(512, noise=True), 2, 2, extents=60_000, distinct=True),
    "heic extents in idat": lambda: grid(
        _hevc(512, noise=True), 2, 2, extents=60_000, through_idat=True, distinct=True
    ),
    "heic grid of one tile": lambda: grid(_hevc(64), 255, 256, size=(7000, 7000)),
    "heic loop": lambda: loop(_hevc(64)),
    "heic 44 MP": lambda: _large("HEIF", 6600, quality=50),
    "heic 36 MP alpha": lambda: _large("HEIF", 6000, "RGBA", quality=50),
    "heic properties": lambda: grid(
        _hevc(64), 2, 2, distinct=True, properties=full(b"pixi", bytes(4)) * 200_000
    ),
    "heic free boxes": lambda: free_boxes("HEIF", 2_000_000),
    "heic profile 5 MB": lambda: _profile("HEIF"),
    "avif grid of 65,280 tiles": lambda: grid(_av1(64), 255, 256, size=(7000, 7000), distinct=True),
    "avif grid of 10,000 tiles": lambda: grid(_av1(64), 100, 100, distinct=True),
    "avif grid 49 MP": lambda: grid(_av1(512), 14, 14, size=(7000, 7000), distinct=True),
    "avif grid of noise": lambda: grid(_av1(512, noise=True), 13, 13, distinct=True),
    "avif extents": lambda: grid(_av1(512, noise=True), 2, 2, extents=60_000, distinct=True),
    "avif loop": lambda: loop(_av1(64)),
    "avif 44 MP": lambda: _large("AVIF", 6600, speed=10),
    "avif 44 MP alpha profile": lambda: _large(
        "AVIF", 6600, "RGBA", speed=10, icc_profile=display_p3()
    ),
    "avif 44 MP 4:4:4": lambda: _large("AVIF", 6600, speed=10, subsampling="4:4:4"),
    "avif 81 MP that states 100 x 100": lambda: lying(9000, 100, subsampling="4:4:4"),
    "avif 182 MP that states 100 x 100": lambda: lying(13_500, 100, subsampling="4:4:4"),
    "avif free boxes": lambda: free_boxes("AVIF", 2_000_000),
    "avif sequence": _sequence,
    "avif profile 5 MB": lambda: _profile("AVIF"),
}
