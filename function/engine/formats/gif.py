"""GIF, still and animated."""

from typing import Final

from function.engine.formats.format import Format, lazily

_BLOCKS: Final = "function.engine.formats.gif_blocks"

FORMAT: Final = Format(
    name="gif",
    content_types={"gif": "image/gif"},
    bytes_per_pixel={"gif": 4.0, "gif-animated": 56.0},
    ms_per_megapixel={"gif": 26.0, "gif-animated": 44.0},
    moving_kind="gif-animated",
    recognises=lambda data: data.startswith((b"GIF87a", b"GIF89a")),
    open_image=lazily(_BLOCKS, "open_image"),
    damage=(EOFError, IndexError, OSError, SyntaxError, ValueError),
    is_cut_short=lambda data: not data.rstrip(b"\x00").endswith(b"\x3b"),
    modules=(_BLOCKS, "copy"),  # Pillow imports copy with its first GIF
    count_frames=lazily(_BLOCKS, "count_frames"),
)
