"""Process golden uploads and print the SHA-256 of every object that is stored for them, as JSON.

    python run.py FOLDER CODE [--reverse] [--keep FOLDER]

FOLDER was written by ``cases.prepare``. CODE is the folder from which ``function`` is imported:
this repository, or an unzipped bundle. This script imports only the standard library and
``function``, so every interpreter that a bundle is built for can run it.
"""

import argparse
import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("code", type=Path)
    parser.add_argument("--reverse", action="store_true", help="process the last upload first")
    parser.add_argument("--in-process", action="store_true", help="start no process for the engine")
    parser.add_argument("--keep", type=Path, help="also write every stored object to this folder")
    options = parser.parse_args()
    sys.path[:0] = [str(options.code), str(ROOT)]
    from tests.golden.adapter import stored_objects  # noqa: PLC0415 - needs the path above

    plan = json.loads((options.folder / "cases.json").read_bytes())
    results = {}
    for name, settings in plan["cases"][:: -1 if options.reverse else 1]:
        data = (options.folder / name).read_bytes()
        objects = stored_objects(
            name, data, plan["settings"][settings], in_process=options.in_process
        )
        results[f"{name} {settings}"] = hashes(objects)
        if options.keep:
            _keep(objects, options.keep / settings / name)
    _check_imports(options.code)
    sys.stdout.write(json.dumps(results))


def _check_imports(code: Path) -> None:
    """Exit if other code was tested than was asked for."""
    origin = Path(sys.modules["function"].__file__ or "").resolve()
    if not origin.is_relative_to(code.resolve()):
        sys.exit(f"{origin} was imported instead of the code in {code}.")
    from function.engine.native_module import import_native  # noqa: PLC0415 - needs the path above

    # Without the C module, Pillow decodes JPEGs and rounds their chroma differently.
    native = import_native()
    if not native or not native.has_vectors():
        sys.exit(
            f"The C module of {code} was not built, or this CPU is too old for it; try `make`."
        )


def hashes(objects: dict[str, bytes]) -> dict[str, str]:
    """Return each object's SHA-256, without what differs between two runs or two machines."""
    return {name: _sha256(_comparable(name, objects)) for name in sorted(objects)}


def _comparable(name: str, objects: dict[str, bytes]) -> bytes:
    if name == "manifest.json":
        return _without_times(objects)
    return _inflated(objects[name]) if name.endswith(".png") else objects[name]


def _without_times(objects: dict[str, bytes]) -> bytes:
    """Return the manifest without its times and without the sizes of PNGs (see ``_inflated``).

    The fields keep their order, so a changed order changes the hash.
    """
    manifest: dict[str, Any] = json.loads(objects["manifest.json"])
    manifest["processed_at"] = None
    manifest["timings_ms"] = dict.fromkeys(manifest["timings_ms"])
    for rendition in manifest["renditions"]:
        name = rendition["key"].rpartition("/")[2]
        if rendition["bytes"] != len(objects[name]):
            raise ValueError(f"{name} has {len(objects[name])} bytes; its manifest: {rendition}")
        if name.endswith(".png"):
            rendition["bytes"] = None
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def _inflated(png: bytes) -> bytes:
    """Return a PNG with its image data inflated.

    Pillow's wheels compress with the machine's own libz, whose versions and forks compress the same
    rows to different bytes. The rows themselves and all other chunks are the same everywhere.
    """
    out, image_data, at = png[: len(PNG_SIGNATURE)], b"", len(PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            image_data += body
        else:
            out += kind + body
        at += 12 + length
    return out + zlib.decompress(image_data)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _keep(objects: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in objects.items():
        (folder / name).write_bytes(body)


if __name__ == "__main__":
    main()
