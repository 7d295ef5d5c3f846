"""Parts of an upload that none of its renditions keeps."""

from enum import StrEnum


class Loss(StrEnum):
    """Stable codes, which the manifest lists; docs/engine.md says what each stands for."""

    HDR = "hdr"
    WIDE_GAMUT = "wide_gamut"
    ANIMATION = "animation"
    PAGES = "pages"
    MOTION = "motion"
    DEPTH = "depth"
    ALPHA = "alpha"
    TEXT = "text"
