"""The tag of rejected uploads, by which S3's lifecycle rule finds and expires them.

The tag follows the manifest: it is set after a rejection is written, and removed after any other
manifest. So S3 never deletes an upload whose renditions are shown, even if another release once
rejected it, or a process died: the event that was not acknowledged comes again.
"""

from typing import TYPE_CHECKING, Final

from function.contract import REJECTED_TAG, Status
from function.engine.errors import Reason
from function.engine.record import Record
from function.manifest import Manifest
from function.storage.errors import Gone

if TYPE_CHECKING:
    from function.storage.tags import Tags

MAX_TAGS: Final = 10
"""Tags that an object may have (S3 user guide, "Categorizing your objects using tags")."""


class Rejections(Record):
    """Tags the uploads of one source bucket."""

    tags: "Tags"

    def follow(self, manifest: Manifest) -> bool:
        """Make a version's tag agree with its manifest; return True if it did not agree.

        Other tags stay. An upload that has ten of them is not tagged, and so it is kept. So is one
        that could not be read in its archive class, which says nothing about the file.

        Raises:
            Refused: S3 does not read or write the tags.
        """
        key, version_id = manifest.source.key, manifest.source.version_id
        name, value = REJECTED_TAG
        try:
            found = self.tags.read(key, version_id)
            others = {other: of for other, of in found.items() if other != name}
            wanted = others
            if _is_rejected(manifest) and len(others) < MAX_TAGS:
                wanted = {**others, name: value}
            if wanted == found:
                return False
            self.tags.write(key, version_id, wanted)
        except Gone:
            return False
        return True


def _is_rejected(manifest: Manifest) -> bool:
    error = manifest.error
    is_unread = error is not None and error.code == Reason.ARCHIVED
    return manifest.status == Status.REJECTED and not is_unread
