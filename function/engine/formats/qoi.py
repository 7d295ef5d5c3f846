"""QOI."""

from typing import Final

from function.engine.formats.format import Format, plugin

FORMAT: Final = Format(
    name="qoi",
    content_types={},  # none is registered
    bytes_per_pixel={"qoi": 27.5},
    ms_per_megapixel={"qoi": 3200.0},
    recognises=lambda data: data.startswith(b"qoif"),
    open_image=plugin("PIL.QoiImagePlugin", "QoiImageFile"),
    damage=(SyntaxError, ValueError),
    is_cut_short=lambda data: not data.endswith(bytes(7) + b"\x01"),
    modules=("PIL.QoiImagePlugin", "PIL.ImageCms", "PIL.TiffImagePlugin"),
    # Pillow decodes it in Python: about 2 megapixels fit in the time of an upload (docs/engine.md).
    isolated=True,
)
