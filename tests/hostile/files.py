"""Every hostile file by its name, with the stack that processes it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from function.engine.renditions import DEFAULT_RENDITIONS, OutputFormat
from pipeline.settings import Settings
from tests.hostile import boxes, drawings, gain_maps, rasters
from tests.support.bombs import BOMBS


class Hostile(NamedTuple):
    """A generator, and whether the stack's renditions keep motion."""

    make: Callable[[], bytes]
    moves: bool = False

    @property
    def settings(self) -> Settings:
        return MOVING if self.moves else Settings()


MOVING: Final = Settings(
    renditions=tuple(r.replace(animated=OutputFormat.WEBP in r.formats) for r in DEFAULT_RENDITIONS)
)

FILES: Final = {
    **{name: Hostile(make) for name, make in BOMBS.items()},
    **{name: Hostile(make) for name, make in rasters.STILLS.items()},
    **{name: Hostile(make) for name, make in gain_maps.STILLS.items()},
    **{f"{name}, moving": Hostile(make, moves=True) for name, make in rasters.MOVING.items()},
    **{name: Hostile(make) for name, make in boxes.STILLS.items()},
    **{name: Hostile(make) for name, make in drawings.STILLS.items()},
}
