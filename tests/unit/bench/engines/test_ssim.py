import pytest
from PIL import Image

from bench.engines.ssim import ssim
from bench.photos import photo


def test_ssim_of_equal_images_is_one_and_falls_with_damage():
    image = photo((128, 96))
    blurred = image.resize((64, 48)).resize((128, 96))
    assert ssim(image, image) == 1.0
    assert ssim(image, blurred) < 0.95
    assert ssim(image, blurred) > ssim(image, Image.new("RGB", image.size))


def test_ssim_of_different_sizes_is_an_error():
    with pytest.raises(ValueError, match="sizes differ"):
        ssim(Image.new("RGB", (20, 20)), Image.new("RGB", (20, 21)))
