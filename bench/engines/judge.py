"""How well an encoded picture shows what it was made of: SSIMULACRA2, and its colours.

SSIMULACRA2 (Jon Sneyers, Cloudinary, 2022) was fitted on what people said of compressed pictures.
Its README says of the scores: 70 is high quality, where an average observer hardly notices a
difference side by side; from 80 none is noticed side by side, from 90 none when the two are
flickered. It is computed by PyPI's ``ssimulacra2``, which follows libjxl's tool.

It weighs brightness most: 63 % of the sum of its weights are the luma plane's, 3 % the red-green
plane's. So colour is reported separately, by delta E 2000 (Sharma, Wu and Dalal, 2005) without its
term of lightness. The 95th percentile of the pixels is taken, since halved chroma shows at the
edges of strong colours, of which a mean over the picture says little.
"""

import io
import math
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image

from bench.engines.colours import delta_e
from terminal import Failure

PERCENTILE: Final = 95

SMALLEST: Final = 256
"""Shorter side in pixels from which all six scales of SSIMULACRA2 have the 8 pixels they need. With
a scale less, libjxl's tool and the library give each its neighbour's weight, 15 points off."""


class Verdict(NamedTuple):
    """The judge's figures for a picture."""

    score: float  # SSIMULACRA2; 100 is equal, and there is no lowest
    colour: float  # 95th percentile of the pixels' difference in chroma and hue, delta E 2000


def judge(original: Image.Image, output: Image.Image) -> Verdict:
    """Compare an output with the pixels that it was made of.

    Raises:
        ValueError: the sizes differ; a comparison would then measure the shift, not the quality.
    """
    if original.size != output.size:
        raise ValueError(f"sizes differ: {original.size} and {output.size}")
    return Verdict(score(original, output), _colour(original, output))


def score(original: Image.Image, output: Image.Image) -> float:
    """Return SSIMULACRA2 of two pictures of equal size; alpha is ignored."""
    library: Any = import_module("ssimulacra2")  # without types; imports scipy, half a second
    return float(library.compute_ssimulacra2(*map(_file, map(mirrored, (original, output)))))


def mirrored(image: Image.Image) -> Image.Image:
    """Return a picture as RGB, repeated in mirror image until no side is below ``SMALLEST``."""
    short = [max(0, SMALLEST - side) for side in image.size]
    if not any(short):
        return image.convert("RGB")
    pixels = np.asarray(image.convert("RGB"))
    return Image.fromarray(np.pad(pixels, ((0, short[1]), (0, short[0]), (0, 0)), "symmetric"))


@dataclass(frozen=True)
class Judge:
    """Judges files, in whichever process it is sent to.

    ``program`` prints the score of two PNG files, as libjxl's ``ssimulacra2`` does, in a fifth of
    the library's time; without one it is the library.
    """

    program: str = ""

    def __call__(self, original: Path, body: Path) -> Verdict:
        """Compare an encoded picture with the file of the pixels that it was made of.

        Raises:
            Failure: the program failed, or printed no score.
        """
        with Image.open(original) as wanted, Image.open(body) as output:
            if not self.program:
                return judge(wanted, output)
            return Verdict(self._ask(wanted, output), _colour(wanted, output))

    def score(self, original: Image.Image, output: Image.Image) -> float:
        """Return the score alone, of two pictures of equal size; alpha is ignored.

        Raises:
            Failure: the program failed, or printed no score.
        """
        return self._ask(original, output) if self.program else score(original, output)

    def _ask(self, original: Image.Image, output: Image.Image) -> float:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("original.png", "output.png")]
            for file, image in zip(files, (original, output), strict=True):
                mirrored(image).save(file, compress_level=0)  # deflating takes longer than judging
            return self._run(files)

    def _run(self, files: list[Path]) -> float:
        command = [self.program, *map(str, files)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False
            )
        except OSError as error:
            raise Failure(f"The judge {self.program} cannot be run: {error.strerror}.") from error
        last = next(reversed(done.stdout.split()), "")
        try:
            score = float(last)
        except ValueError:
            score = math.nan
        if done.returncode or not math.isfinite(score):
            printed = f"it printed {last[:40]!r}" if last else "it printed none"
            ended = f"it ended with {done.returncode}" if done.returncode else printed
            reason = (done.stderr.strip() or ended).splitlines()[-1]
            raise Failure(f"The judge {self.program} gave no score: {reason}")
        return score


def _colour(original: Image.Image, output: Image.Image) -> float:
    return float(np.percentile(delta_e(original, output, lightness=False), PERCENTILE))


def _file(image: Image.Image) -> io.BytesIO:
    """Return a picture as the file that the library opens."""
    file = io.BytesIO()
    image.save(file, "PPM")
    file.seek(0)
    return file
