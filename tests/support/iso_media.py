"""Boxes of ISO base media files, to make what no encoder at hand writes."""

import struct


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, body: bytes = b"", version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + body)


def heif(*parts: bytes) -> bytes:
    return box(b"ftyp", b"heic" + bytes(4)) + full(b"meta", b"".join(parts))


def entry(number: int, kind: bytes, *, hidden: bool = False) -> bytes:
    return full(b"infe", struct.pack(">HH4s", number, 0, kind), version=2, flags=hidden)
