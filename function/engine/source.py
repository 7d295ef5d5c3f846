"""A decoded upload: what decode hands to render, fingerprint and the manifest."""

from PIL import Image

from function.engine.colour import to_srgb
from function.engine.gain_map import GainMap
from function.engine.losses import Loss
from function.engine.pixels import Bitmap, Box, Pixels, Size
from function.engine.record import Record


class Frame(Record):
    """One frame of an animation and the milliseconds for which it is shown."""

    pixels: Bitmap
    milliseconds: int


class Source(Record):
    """A decoded upload."""

    # The picture, orientation applied, usually scaled down to what the renditions need; in sRGB
    # unless ``profile`` is set.
    pixels: Pixels

    # The region of ``pixels`` that is the upload; a scaled decode rounds sizes up, so its edge may
    # lie within the last pixel.
    box: Box
    size: Size  # of the upload as a viewer sees it (orientation applied), in pixels
    format: str  # lower-case name of the format found in the content, e.g. ``"jpeg"``
    scalable: bool = False  # a drawing (SVG): rendered at the sizes asked, whatever its own
    frames: tuple[Frame, ...] = ()  # of an animation when a rendition asks for motion, else empty
    loop: int = 0  # how often the animation plays; 0 is for ever
    gain_map: GainMap | None = None  # what JPEG renditions keep of HDR
    losses: tuple[Loss, ...] = ()  # what no rendition keeps, in the order of ``Loss``

    # ICC profile that ``pixels`` are still in: planes are converted after their first resize, when
    # fewer pixels are left.
    profile: bytes | None = None

    @property
    def image(self) -> Image.Image:
        """Return the pixels as one RGB or RGBA image in sRGB."""
        return to_srgb(self.pixels.image(), self.profile)
