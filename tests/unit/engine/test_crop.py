import re

import pytest
from PIL import Image, ImageDraw

from tests.support.engine import picture_of
from tests.support.pictures import encoded


@pytest.mark.parametrize("left", [0, 90, 200])
def test_attention_keeps_the_most_detailed_region(left):
    image = Image.new("RGB", (300, 100), (120, 120, 120))
    draw = ImageDraw.Draw(image)
    for x in range(left + 8, left + 92, 8):
        draw.line((x, 10, x, 90), "white", 3)
    for encoder in ("PNG", "JPEG"):
        picture = picture_of(
            encoded(image, encoder), width=50, height=50, fit="cover", position="attention"
        )
        assert len(re.findall("1+", _white_columns(picture))) >= 9


def _white_columns(picture):
    row = picture.convert("L").crop((0, 24, 50, 25)).tobytes()
    return "".join("1" if level > 160 else "0" for level in row)


def test_attention_without_detail_keeps_the_centre():
    image = Image.new("RGB", (300, 100), (90, 90, 90))
    image.paste((91, 90, 90), (140, 40, 160, 60))
    flat = Image.new("RGB", (300, 100), (90, 90, 90))
    for upload in (image, flat):
        fields = {"width": 50, "height": 50, "fit": "cover", "position": "attention"}
        assert picture_of(encoded(upload, "PNG"), **fields).size == (50, 50)
