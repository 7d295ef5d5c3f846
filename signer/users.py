"""Users as part of keys."""

import hashlib
import re
from typing import Final

MAX_PART: Final = 255
"""Longest part of a key for a user. OpenID Connect allows 255 ASCII characters for a ``sub``."""


def part_of_key(sub: str) -> str:
    """Return a user's part of keys: letters, digits and ``-`` unchanged, others like ``_7c``.

    No two users have the same part: ``_`` itself is ``_5f``, and a part that would be too long is
    ``__`` and the SHA-256 of the user, which no encoding begins with. So it is never ``_index``.
    """
    encoded = sub.encode("utf-8", "surrogatepass")
    part = re.sub(rb"[^A-Za-z0-9-]", lambda found: b"_%02x" % ord(found[0]), encoded).decode()
    return part if len(part) <= MAX_PART else f"__{hashlib.sha256(encoded).hexdigest()}"
