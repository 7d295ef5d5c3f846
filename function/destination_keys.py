"""Keys of what the destination bucket has of an upload, or may have."""

from collections.abc import Iterable

from function.contract.keys import MAX_KEY_BYTES, rendition_key
from function.engine.record import Record
from function.manifest import Manifest
from function.moderation import Moderation


class DestinationKeys(Record):
    """Keys of uploads by a stack's settings; S3 has none that are too long.

    A rendition that was added to the stack later may have a longer name than the stored ones.
    """

    files: tuple[str, ...]  # file names of all renditions that the stack makes of an upload
    lazy_files: tuple[str, ...]  # of renditions that are made when they are first viewed
    moderation: Moderation | None  # knows what is kept for moderators

    def possible(self, name: str) -> set[str]:
        """Return the keys that renditions of an upload may have."""
        return _keys_of(name, self.files)

    def lazy(self, name: str, standing: Manifest) -> set[str]:
        """Return the keys at which first views of a manifest may have stored something."""
        declared = {facts.key for facts in standing.renditions if facts.lazy}
        return declared | _keys_of(name, self.lazy_files)

    def readable(self, standing: Manifest) -> set[str]:
        """Return the keys of a manifest's renditions that the function may still read.

        Its role allows the files that the stack has. Another, of a rendition or a format that was
        taken out of the settings, cannot be made again anyway.
        """
        return {key for key in stored_keys(standing) if key.rpartition("/")[2] in self.files}

    def held(self, name: str) -> set[str]:
        """Return the keys of what is kept of an upload for moderators."""
        return self.moderation.keys_kept(name) if self.moderation else set()

    def shown_to_moderators(self, standing: Manifest | None) -> set[str]:
        """Return the keys of what is kept for moderators while a manifest stands."""
        return self.moderation.keys_named(standing) if self.moderation else set()


def fits(key: str) -> bool:
    """Return True if S3 can store an object under a key."""
    return len(key.encode()) <= MAX_KEY_BYTES


def rendition_keys(manifest: Manifest | None) -> set[str]:
    """Return the keys of the renditions that a manifest names."""
    return {facts.key for facts in manifest.renditions} if manifest else set()


def stored_keys(manifest: Manifest | None) -> set[str]:
    """Return the keys of the renditions that were made with a manifest."""
    return {facts.key for facts in manifest.stored} if manifest else set()


def _keys_of(name: str, files: Iterable[str]) -> set[str]:
    keys = (rendition_key(name, file) for file in files)
    return {key for key in keys if fits(key)}
