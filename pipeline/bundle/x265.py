"""Leave the HEVC encoder x265 out of the bundle, which decodes HEIC and never encodes it.

pillow-heif's wheel carries x265 (23 MB, GPL), and libheif does not load without a library of that
name. So the bundle has a stub of that name: it defines the functions that libheif calls, and
reports that there is no encoder. The name and the functions are read from the wheel.
"""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pipeline.bundle.native import compile_library
from pipeline.bundle.target import BundleError, Target

_ENCODER: Final = re.compile(r"/libx265-[^/]*\.so(\.|$)")

_BODIES: Final[Mapping[str, str]] = {
    # const x265_api *x265_api_get(int bitDepth): NULL where no build of this depth is there.
    r"x265_api_get_\d+": "const void *{name}(int depth) {{ (void)depth; return 0; }}",
    # void x265_cleanup(void): frees what the encoder keeps for itself.
    r"x265_cleanup": "void {name}(void) {{}}",
    # std::ios_base_library_init(), of GCC 13 and later; the library also carries what older
    # versions of libstdc++ lack, such as Lambda's. It is std::ios_base::Init::Init().
    r"_ZSt21ios_base_library_initv": (
        "extern void _ZNSt8ios_base4InitC1Ev(void *); static char streams; "
        "void {name}(void) {{ _ZNSt8ios_base4InitC1Ev(&streams); }}"
    ),
}
"""Functions that other libraries call, as patterns, and the C that replaces each."""


def leave_out_encoder(files: Mapping[str, bytes], target: Target, cache: Path) -> dict[str, bytes]:
    """Return the files of wheels with the encoder replaced, if it is there.

    Args:
        files: what the function loads, by path in the bundle.
        target: what will load it.
        cache: folder of ``compile_library``.

    Raises:
        BundleError: a library calls a function that the stub lacks, or the compiler is missing.
    """
    replaced = dict(files)
    for name in filter(_ENCODER.search, files):
        wanted = _wanted(files, name)
        functions = [_define(function, name) for function in sorted(wanted)]
        source = "\n".join(["#pragma GCC visibility push(default)", *functions, ""])
        library = name.rpartition("/")[2]
        replaced[name] = compile_library({"x265.c": source.encode()}, target, cache, library)
    return replaced


def _define(function: str, library: str) -> str:
    for pattern, body in _BODIES.items():
        if re.fullmatch(pattern, function):
            return body.format(name=function)
    raise BundleError(
        f"{function} of {library} is used by a library of the bundle, and the bundle has no "
        "encoder; pin the pillow-heif that function/requirements.in had before."
    )


def _wanted(files: Mapping[str, bytes], library: str) -> set[str]:
    """Return the functions that other libraries call and this one alone defines."""
    others = [data for path, data in files.items() if path != library and data[:4] == b"\x7fELF"]
    named = [symbol for data in others for symbol in _symbols(data)]
    offered_elsewhere = {name for name, is_defined in named if is_defined}
    offered = {name for name, is_defined in _symbols(files[library]) if is_defined}
    return {name for name, _ in named} & offered - offered_elsewhere


def _symbols(data: bytes) -> Iterator[tuple[str, bool]]:
    """Yield each symbol of a shared library, and True if the library defines it."""
    try:  # a checkout may be newer than what is installed
        from elftools.elf.elffile import ELFFile  # noqa: PLC0415
        from elftools.elf.sections import SymbolTableSection  # noqa: PLC0415
    except ModuleNotFoundError:
        raise BundleError(
            "pyelftools is missing; run `pip install -r requirements.txt`, which has it."
        ) from None
    table = ELFFile(io.BytesIO(data)).get_section_by_name(".dynsym")
    if isinstance(table, SymbolTableSection):
        for symbol in table.iter_symbols():
            yield symbol.name, symbol["st_shndx"] != "SHN_UNDEF"
