# The C module that pipeline/native.py compiles native/ to; module.c has the documentation.

def resample(
    source: object,
    source_size: tuple[int, int],
    target: object,
    target_size: tuple[int, int],
    channels: int,
    filter: int,  # noqa: A002 - as in the C code
    box: tuple[float, float, float, float],
) -> None: ...
def split(pixels: object, size: tuple[int, int], luma: object, cb: object, cr: object) -> None: ...
def merge(pixels: object, size: tuple[int, int], luma: object, cb: object, cr: object) -> None: ...
def decode_jpeg(
    data: bytes, divisor: int, size: tuple[int, int], luma: object, cb: object, cr: object
) -> bool: ...
def unfilter(
    scanlines: bytes, channels: int, target: object, size: tuple[int, int], first: int
) -> bool: ...
