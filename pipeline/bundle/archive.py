"""Write the zip: equal files give equal bytes, and cold starts limit its size."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final

from pipeline.bundle.target import BundleError, Target

MAX_BYTES: Final = 30_000_000
"""Largest bundle, in bytes zipped: Lambda takes 50 MB, and every cold start fetches all of it."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o100644
_UNIX: Final = 3
_LEVEL: Final = 6  # level 9 takes three times as long to save half a percent


def pack(files: Mapping[str, bytes], target: Target) -> bytes:
    """Zip ``files`` so that the same files always give the same bytes.

    Raises:
        BundleError: the zip exceeds ``MAX_BYTES``.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _FILE_MODE << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, _LEVEL)
    data = buffer.getvalue()
    if len(data) > MAX_BYTES:
        raise BundleError(
            f"The bundle for {target} is {len(data) / 1e6:.1f} MB zipped and may be "
            f"{MAX_BYTES / 1e6:g} MB; drop a package from function/requirements.in."
        )
    return data
