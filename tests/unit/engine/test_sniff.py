import struct
import subprocess
import sys
from pathlib import Path

import pytest

from function.engine.errors import Rejected
from function.engine.sniff import sniff
from tests.support.pictures import encoded
from tests.support.uploads import PHOTO

ROOT = Path(__file__).parents[3]


def test_a_jpeg_imports_no_other_format():
    code = (
        "import sys; from function.engine.sniff import sniff;"
        "sniff(b'\\xff\\xd8\\xff' + bytes(99)); found = 'function.engine.formats.';"
        "print(*(name.removeprefix(found) for name in sys.modules if name.startswith(found)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    assert sorted(run.stdout.decode().split()) == ["format", "jpeg"]


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        sniff(data)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(("kind", "name"), [(1, "an icon"), (2, "a cursor")])
def test_icons_and_cursors_are_named(kind, name):
    icon = encoded(PHOTO, "ICO")
    data = icon[:2] + struct.pack("<H", kind) + icon[4:]
    assert refusal(data) == ("unsupported_format", f"This file is {name}, which is not supported.")


@pytest.mark.parametrize(
    "data",
    [
        encoded(PHOTO, "TGA"),  # it begins like a cursor
        struct.pack(">4I", 0x100, 0x5000, 0x4F00, 50) + bytes(0x5000),  # fonts of macOS, like icons
        struct.pack("<3H", 0, 1, 0) + bytes(999),
        encoded(PHOTO, "ICO")[:30],
    ],
)
def test_files_that_begin_like_icons_are_not_called_icons(data):
    code, message = refusal(data)
    assert code == "not_an_image"
    assert message.startswith("This file is not a JPEG,")


@pytest.mark.parametrize("head", [b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201"])
def test_raw_photos_are_named(head):
    expected = "unsupported_format", "This file is a camera's raw photo, which is not supported."
    assert refusal(head + bytes(999)) == expected
