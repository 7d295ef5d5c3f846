"""The settings that golden pictures are processed with, as the function's environment variables."""

import json
from typing import Any

COMMON = {
    "DESTINATION_BUCKET": "destination",
    "DELIVERY_URL": "https://cdn.example",
    "MAX_UPLOAD_BYTES": "3000000",
    "MAX_PIXELS": "5000000",
    "KMS_KEY_ARN": "",
    "BACKGROUND": "#ffffff",
    "TIMEOUT": "60",
    "QUALITY": "fast",
    "DUPLICATES": "off",
    "INDEX_TABLE": "",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
}


def _variables(renditions: list[dict[str, Any]], **changed: str) -> dict[str, str]:
    return {**COMMON, "RENDITIONS": json.dumps(renditions), **changed}


def _rendition(name: str, size: tuple[int, int], *formats: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "width": size[0], "height": size[1], "formats": formats, **fields}


_PLANES = [
    _rendition("large", (200, 200), "jpeg", "webp", "avif"),
    _rendition("focus", (60, 40), "jpeg", "webp", fit="cover", position="attention"),
    _rendition("centre", (40, 48), "webp", fit="cover", quality=55),
    _rendition("padded", (72, 50), "jpeg", "avif", fit="contain"),
    _rendition("moving", (48, 48), "webp", animated=True),
]

SETTINGS = {
    # All outputs halve the chroma, so JPEG and WebP uploads are decoded to planes of YCbCr.
    "planes": _variables(_PLANES),
    # A stack of release 0.1.0 that keeps its encoders: the files that it made before the upgrade.
    "v0.1": _variables(_PLANES, ENCODERS="v0.1"),
    # PNG keeps the chroma at full size, so every upload is decoded to a bitmap.
    "bitmap": _variables(
        [
            _rendition("large", (160, 160), "png", "webp", "avif"),
            _rendition("focus", (50, 70), "png", "jpeg", fit="cover", position="attention"),
            _rendition("enlarged", (260, 130), "jpeg", fit="cover", enlarge=True, quality=40),
            _rendition("padded", (90, 90), "png", "webp", fit="contain", enlarge=True),
        ],
        BACKGROUND="#204060",
    ),
    # A score instead of a number.
    "target": _variables(
        [
            _rendition("large", (200, 200), "jpeg", "webp", "avif", quality={"target": 75}),
            _rendition("thumb", (100, 100), "jpeg", "png", fit="cover", quality={"target": 85}),
            _rendition("moving", (48, 48), "webp", animated=True, quality={"target": 70}),
        ]
    ),
    "best": _variables(
        [
            _rendition("large", (180, 180), "jpeg", "webp", "avif", "png", quality=90),
            _rendition("centre", (48, 48), "jpeg", "webp", fit="cover"),
            _rendition("padded", (70, 44), "jpeg", "webp", fit="contain", enlarge=True),
            _rendition("moving", (40, 40), "webp", fit="cover", animated=True),
        ],
        QUALITY="best",
        BACKGROUND="#c0ffee",
    ),
}
