"""A decoded upload: what decode hands to render, fingerprint and the manifest."""

import json
from dataclasses import dataclass
from typing import Final

from PIL import Image

from function.engine.colour import to_srgb
from function.engine.pixels import Bitmap, Box, Pixels, Size

_LONGEST_FACTS: Final = 4096


@dataclass(frozen=True)
class Frame:
    """One picture of an animation and the milliseconds for which it is shown."""

    pixels: Bitmap
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """A decoded upload.

    Attributes:
        pixels: the picture, orientation applied; seldom more of it than the renditions need. In
            sRGB, unless ``profile`` says otherwise.
        box: the part of ``pixels`` that is the upload; a scaled decode rounds sizes up, so its
            edge may lie within the last pixel.
        width: width of the upload as a viewer sees it (orientation applied), in pixels.
        height: height of the upload as a viewer sees it, in pixels.
        format: lower-case name of the format found in the content, e.g. ``"jpeg"``.
        scalable: a drawing (SVG): rendered at the sizes asked, whatever its own.
        frames: all pictures of an animation when a rendition asks for motion, else empty.
        loop: how often the animation plays; 0 is for ever.
        profile: ICC profile that ``pixels`` are still in: planes are converted after their first
            resize, when fewer of them are left.
    """

    pixels: Pixels
    box: Box
    width: int
    height: int
    format: str
    scalable: bool = False
    frames: tuple[Frame, ...] = ()
    loop: int = 0
    profile: bytes | None = None

    @property
    def size(self) -> Size:
        """Width and height of the upload as a viewer sees it."""
        return self.width, self.height

    @property
    def image(self) -> Image.Image:
        """The pixels as one RGB or RGBA image in sRGB."""
        return to_srgb(self.pixels.image(), self.profile)

    def to_bytes(self) -> bytes:
        """A still picture's facts and raw pixels, to be sent through a pipe."""
        image = self.image
        facts = {
            "mode": image.mode,
            "size": image.size,
            "box": self.box,
            "width": self.width,
            "height": self.height,
            "format": self.format,
            "scalable": self.scalable,
        }
        return json.dumps(facts).encode() + b"\n" + image.tobytes()

    @classmethod
    def from_bytes(cls, sent: memoryview) -> "Source":
        """What ``to_bytes`` sent. Pixels and plain data only: nothing in it can be run."""
        end = bytes(sent[:_LONGEST_FACTS]).index(b"\n")
        facts = json.loads(bytes(sent[:end]))
        raw = sent[end + 1 :]
        left, top, right, bottom = facts["box"]
        width, height = facts["size"]
        return cls(
            pixels=Bitmap(Image.frombytes(facts["mode"], (width, height), raw)),
            box=(left, top, right, bottom),
            width=facts["width"],
            height=facts["height"],
            format=facts["format"],
            scalable=facts["scalable"],
        )
