"""The uploads that a command names: one key, or all keys that start with a prefix."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from function.contract import UPLOADS, part_of_user, source_key, upload_name
from terminal import Misuse

_HOW: Final = f"name a key such as {UPLOADS}u1/beach.jpg, or a prefix that ends with /"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Keys of the source bucket, and what the function makes of them elsewhere.

    ``key`` is a prefix if it ends with ``/``, else one whole key. ``user`` is the part of keys of
    the user that it was made of; empty if it was not.
    """

    key: str
    user: str = ""

    @property
    def kind(self) -> Literal["user", "prefix", "key"]:
        """How the uploads are named."""
        if self.user:
            return "user"
        return "prefix" if self.key.endswith("/") else "key"

    @property
    def name(self) -> str:
        """The key, or the prefix, without ``uploads/``."""
        return upload_name(self.key)

    @property
    def destination(self) -> str:
        """Prefix of all that the function makes; under it there may also be others'."""
        return self.name if self.name.endswith("/") else f"{self.name}/"

    @property
    def digest(self) -> str:
        """SHA-256 of the key or prefix: a record can name it without repeating it."""
        return hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()

    def holds(self, key: str) -> bool:
        """Return True for the key of an upload that is named."""
        return key.startswith(self.key) if self.key.endswith("/") else key == self.key

    def holds_name(self, name: str) -> bool:
        """Return True for such an upload's key without ``uploads/``."""
        return self.holds(source_key(name))

    def holds_destination(self, key: str) -> bool:
        """Return True for a destination key that the function makes of such an upload.

        It is the upload's name and a file: ``u1/a.jpg`` is a rendition of the upload ``u1``, which
        the prefix ``u1/`` does not name, and ``u1/b.jpg/c/a.jpg`` is one of ``u1/b.jpg/c``.
        """
        return self.holds_name(key.rpartition("/")[0])


def parse(key: str | None, user: str | None) -> Scope:
    """Return the uploads that a command line names, by a key, a prefix, or a user.

    Raises:
        Misuse: none or several are given, or a key is outside ``uploads/``, or means all uploads.
    """
    if (key is None) == (user is None):
        raise Misuse("Give a key, a prefix that ends with /, or --user; one of them.")
    if user is not None:
        if not user:
            raise Misuse("--user is empty; give it the sub of the user's tokens.")
        part = part_of_user(user)
        return Scope(key=source_key(f"{part}/"), user=part)
    key = key or ""
    if not key.startswith(UPLOADS):
        raise Misuse(f"Keys start with {UPLOADS}; got {key!r}: {_HOW}.")
    if key.strip("/") == UPLOADS.strip("/"):
        raise Misuse(f"{key} is all uploads; {_HOW}. `ops empty` deletes all.")
    return Scope(key=key)
