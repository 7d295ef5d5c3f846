"""The engine's Python code that reads an upload's bytes before a decoder does, as one target.

Every reader takes any bytes. It may raise ``Rejected``; any other exception is a bug of ours,
because only what a decoder raises may be taken for damage to a file.
"""

import sys
from contextlib import suppress
from xml.sax.saxutils import quoteattr

COMMAND = "import sys; from tests.fuzz.readers import fuzz; fuzz(sys.argv[1:])"
"""Program for ``python -c`` that runs the fuzzer with libFuzzer's options."""


def fuzz(options: list[str]) -> None:
    """Run libFuzzer on ``check``; does not return."""
    import atheris  # noqa: PLC0415 - the tests need only the readers

    with atheris.instrument_imports(include=["function.engine"]):
        check(b"")
    # When libFuzzer merges, it starts itself again, by a shell command that begins with this.
    itself = f"{sys.executable} -c '{COMMAND}'"
    atheris.Setup([itself, *options], check)
    atheris.Fuzz()


def check(data: bytes) -> None:
    """Put bytes through every reader, whatever their format.

    Raises:
        Exception: the finding.
    """
    from function.engine.errors import Rejected  # noqa: PLC0415 - imported under instrumentation

    for reader in READERS:
        with suppress(Rejected):
            reader(data)


def read_any(data: bytes) -> None:
    from function.engine.formats.iso_media import family  # noqa: PLC0415
    from function.engine.sniff import sniff  # noqa: PLC0415

    assert family(data) in {None, "avif", "heic"}
    known = sniff(data)
    assert known.recognises(data)
    known.is_cut_short(data)


def read_jpeg(data: bytes) -> None:
    from function.engine.formats.jpeg import FORMAT  # noqa: PLC0415
    from function.engine.formats.jpeg_segments import MAX_SEGMENTS, kind_of, walk  # noqa: PLC0415

    found = walk(data)
    assert found.segments <= MAX_SEGMENTS
    assert 0 <= found.exif <= len(data)
    assert kind_of(data, True, True) in FORMAT.bytes_per_pixel  # noqa: FBT003 - as it is called


def read_gif(data: bytes) -> None:
    from function.engine.formats.gif_blocks import drop_extensions  # noqa: PLC0415

    kept = drop_extensions(data)
    assert kept.startswith(data[:13])
    assert len(kept) <= len(data) + 1  # it may add the trailer


def read_png(data: bytes) -> None:
    from function.engine.formats.png import colours  # noqa: PLC0415
    from function.engine.formats.png_rows import check_chunks  # noqa: PLC0415

    colours(data)
    check_chunks(data)


def read_webp(data: bytes) -> None:
    from function.engine.formats.webp import FORMAT, read_size  # noqa: PLC0415
    from function.engine.formats.webp_planes import kind_of  # noqa: PLC0415

    assert kind_of(data, True, True) in FORMAT.bytes_per_pixel  # noqa: FBT003 - as it is called
    assert all(0 <= side <= 1 << 24 for side in read_size(data))


def read_iso_media(data: bytes) -> None:
    from function.engine.formats.heic import colours  # noqa: PLC0415
    from function.engine.formats.iso_media import read_items  # noqa: PLC0415

    read_items(data)
    codes = colours(data)
    assert codes is None or codes.bits in range(8, 17)
    # Most inputs lack the boxes around: take them as the list of items, and as all the rest.
    for around in (b"iinf", b"iprp", b"iref", b"pitm"):
        body = bytes(4) + (8 + len(data)).to_bytes(4, "big") + around + data
        read_items((8 + len(body)).to_bytes(4, "big") + b"meta" + body)


def read_losses(data: bytes) -> None:
    from function.engine.formats import by_name  # noqa: PLC0415

    # Few inputs are of a format: each reader takes them as its own.
    for name in ("jpeg", "heic", "tiff"):
        list(by_name(name).losses(data))


def read_svg(data: bytes) -> None:
    from function.engine.formats.svg_drawing import read_size  # noqa: PLC0415

    assert all(side >= 1 for side in read_size(data))


def read_svg_root(data: bytes) -> None:
    """Take the lines as the attributes that say how large a drawing is."""
    names = ("width", "height", "viewBox")
    lines = data.decode(errors="ignore").split("\n")
    root = " ".join(f"{name}={quoteattr(line)}" for name, line in zip(names, lines, strict=False))
    read_svg(f"<svg {root}/>".encode())


def read_profile(data: bytes) -> None:
    from function.engine.colour import is_wide  # noqa: PLC0415

    assert is_wide(data) in {True, False}


READERS = (
    *(read_any, read_jpeg, read_gif, read_png, read_iso_media),
    read_losses,
    *(read_webp, read_svg, read_svg_root, read_profile),
)
