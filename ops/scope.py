"""The uploads that a command names: one key, or all keys that start with a prefix."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from function.contract.keys import PREFIXES, part_of_user, source_key, upload_name
from terminal import Misuse


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Uploads of the source bucket, and what the function makes of them elsewhere.

    ``key`` is a prefix if it ends with ``/``, else one whole key. ``user`` is the user's part of
    keys, if the command named a user; else empty. ``prefixes`` are those of the stack's uploads.
    Uploads of the same name under two prefixes have the same renditions, so a scope with one of
    them has both.
    """

    key: str
    user: str = ""
    prefixes: tuple[str, ...] = PREFIXES

    @property
    def kind(self) -> Literal["user", "prefix", "key"]:
        """How the uploads are named."""
        if self.user:
            return "user"
        return "prefix" if self.key.endswith("/") else "key"

    @property
    def name(self) -> str:
        """The key, or the prefix, without that of all uploads."""
        return upload_name(self.key, self.prefixes)

    @property
    def keys(self) -> list[str]:
        """The keys, or prefixes, of such uploads in the source bucket."""
        return [source_key(self.name, prefix) for prefix in self.prefixes]

    @property
    def destination(self) -> str:
        """Prefix of all that the function makes; other uploads' files may also be under it."""
        return self.name if self.name.endswith("/") else f"{self.name}/"

    @property
    def digest(self) -> str:
        """SHA-256 of the key or prefix: a record can name it without repeating it."""
        return hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()

    def holds(self, key: str) -> bool:
        """Return True for the key of an upload that is named."""
        return key.startswith(self.prefixes) and self.holds_name(upload_name(key, self.prefixes))

    def holds_name(self, name: str) -> bool:
        """Return True for such an upload's key without its prefix."""
        return name.startswith(self.name) if self.name.endswith("/") else name == self.name

    def holds_destination(self, key: str) -> bool:
        """Return True for a destination key that the function makes of such an upload.

        A destination key is the upload's name and a file: ``u1/a.jpg`` is a rendition of the upload
        ``u1``, which the prefix ``u1/`` does not name, and ``u1/b.jpg/c/a.jpg`` is one of
        ``u1/b.jpg/c``.
        """
        return self.holds_name(key.rpartition("/")[0])


def require_one(key: str | None, user: str | None) -> None:
    """Raise a ``Misuse`` unless either a key or prefix is given, or a user."""
    if (key is None) == (user is None):
        raise Misuse("Give a key, a prefix that ends with /, or --user; one of them.")
    if user == "":
        raise Misuse("--user is empty; give it the sub of the user's tokens.")


def require_utf8(key: str) -> None:
    """Raise a ``Misuse`` for a key or prefix of other bytes, which no key of S3's has."""
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise Misuse(f"Keys are UTF-8; got {key!r}.") from error


def parse(key: str | None, user: str | None, prefixes: tuple[str, ...] = PREFIXES) -> Scope:
    """Return the uploads that a command line names, by a key, a prefix, or a user.

    Raises:
        Misuse: none or several are given, or a key is not UTF-8, is outside the prefixes of the
            stack's uploads, or means all uploads.
    """
    require_one(key, user)
    if user is not None:
        part = part_of_user(user)
        return Scope(key=source_key(f"{part}/", prefixes[0]), user=part, prefixes=prefixes)
    key, how = (
        key or "",
        f"name a key such as {prefixes[0]}u1/beach.jpg, or a prefix that ends with /",
    )
    require_utf8(key)
    if not key.startswith(prefixes):
        raise Misuse(f"Keys start with {' or '.join(prefixes)}; got {key!r}: {how}.")
    if not upload_name(key, prefixes).strip("/"):
        raise Misuse(f"{key} is all uploads; {how}. `ops empty` deletes all.")
    return Scope(key=key, prefixes=prefixes)
