"""Uploads of the same small picture, one of every kind that the engine reads."""

from tests.support.pictures import SVG, camera_exif, coded, display_p3, encoded, gradient
from tests.support.ultra_hdr import spot, ultra_hdr

PHOTO = gradient((96, 64))
CUTOUT = gradient((96, 64), "RGBA")

UPLOADS = {
    "jpeg": ("jpeg", encoded(PHOTO, "JPEG")),
    "jpeg-progressive": ("jpeg", encoded(PHOTO, "JPEG", progressive=True)),
    "jpeg-444": ("jpeg", encoded(PHOTO, "JPEG", subsampling=0)),
    "jpeg-422": ("jpeg", encoded(PHOTO, "JPEG", subsampling=1)),
    "jpeg-grey": ("jpeg", encoded(PHOTO.convert("L"), "JPEG")),
    "jpeg-cmyk": ("jpeg", encoded(PHOTO.convert("CMYK"), "JPEG")),
    "jpeg-rgb": ("jpeg", encoded(PHOTO, "JPEG", keep_rgb=True)),
    "jpeg-mpo": ("jpeg", encoded(PHOTO, "MPO", save_all=True, append_images=[PHOTO])),
    "png": ("png", encoded(PHOTO, "PNG")),
    "png-alpha": ("png", encoded(CUTOUT, "PNG")),
    "png-palette": ("png", encoded(PHOTO.quantize(16), "PNG")),
    "png-16-bit": ("png", encoded(gradient((96, 64), "I;16"), "PNG")),
    "png-1-bit": ("png", encoded(PHOTO.convert("1"), "PNG")),
    "png-grey-alpha": ("png", encoded(CUTOUT.convert("LA"), "PNG")),
    "apng": ("png", encoded(PHOTO, "PNG", save_all=True, append_images=[CUTOUT.convert("RGB")])),
    "gif": ("gif", encoded(PHOTO, "GIF")),
    "gif-animated": ("gif", encoded(PHOTO, "GIF", save_all=True, append_images=[CUTOUT])),
    "webp": ("webp", encoded(PHOTO, "WEBP")),
    "webp-lossless": ("webp", encoded(PHOTO, "WEBP", lossless=True)),
    "webp-alpha": ("webp", encoded(CUTOUT, "WEBP")),
    "webp-animated": ("webp", encoded(PHOTO, "WEBP", save_all=True, append_images=[CUTOUT])),
    "avif": ("avif", encoded(PHOTO, "AVIF")),
    "avif-alpha": ("avif", encoded(CUTOUT, "AVIF")),
    "heic": ("heic", encoded(PHOTO, "HEIF")),
    "heic-alpha": ("heic", encoded(CUTOUT, "HEIF")),
    "heic-tiled": ("heic", encoded(PHOTO, "HEIF", tile_size=64)),
    "qoi": ("qoi", encoded(PHOTO, "QOI")),
    "qoi-alpha": ("qoi", encoded(CUTOUT, "QOI")),
    "tiff": ("tiff", encoded(PHOTO, "TIFF")),
    "tiff-lzw-alpha": ("tiff", encoded(CUTOUT, "TIFF", compression="tiff_lzw")),
    "tiff-jpeg": ("tiff", encoded(PHOTO, "TIFF", compression="jpeg")),
    "tiff-cmyk": ("tiff", encoded(PHOTO.convert("CMYK"), "TIFF")),
    "tiff-float": ("tiff", encoded(PHOTO.convert("F"), "TIFF")),
    "bmp": ("bmp", encoded(PHOTO, "BMP")),
    "svg": ("svg", SVG),
}

HDR = {
    "png-hdr": ("png", coded(PHOTO, "PNG", 9, 16)),
    "png-hdr-alpha": ("png", coded(CUTOUT, "PNG", 9, 16)),
    "avif-hdr": ("avif", coded(PHOTO, "AVIF", 9, 16)),
    "heic-hdr": ("heic", coded(PHOTO, "HEIF", 9, 18)),
}
UPLOADS |= HDR

ULTRA_HDR = {
    "jpeg-ultra-hdr": ("jpeg", ultra_hdr(encoded(PHOTO, "JPEG"), spot())),
    "jpeg-ultra-hdr-rgb": ("jpeg", ultra_hdr(encoded(PHOTO, "JPEG"), spot((48, 32), "RGB"))),
}
UPLOADS |= ULTRA_HDR

CAMERA = {"exif": camera_exif(), "icc_profile": display_p3(), "xmp": b"<x:xmpmeta/>"}

UPLOADS |= {
    f"{name}-exif": (name, encoded(PHOTO, format_name, **CAMERA))
    for name, format_name in (
        ("jpeg", "JPEG"),
        ("png", "PNG"),
        ("webp", "WEBP"),
        ("avif", "AVIF"),
        ("heic", "HEIF"),
        ("tiff", "TIFF"),
    )
}
