"""The CDN's cached renditions of an upload, which a moderator may take down.

Readers may have renditions of an approved upload, and of one from before ``publish: held``. An edge
location keeps each for a year, whatever becomes of the file in the bucket.
"""

from typing import Final
from xml.sax.saxutils import escape

from function.contract.keys import cdn_paths, rendition_key
from function.storage.client import SignedClient
from function.storage.deadline import Deadline

_API: Final = "2020-05-31"
"""Version of CloudFront's API."""


class CdnCache:
    """The cache of one CloudFront distribution, by its id."""

    def __init__(self, distribution: str, deadline: Deadline) -> None:
        self._target = f"/{_API}/distribution/{distribution}/invalidation"
        self._client = SignedClient("cloudfront", deadline)

    def forget(self, name: str, reference: str) -> None:
        """Have it forget all files of an upload, which takes a minute or two.

        A second request with the same ``reference`` is answered with the first one's invalidation
        (CloudFront API reference, "InvalidationBatch", read 2026-11-28).

        Raises:
            Refused: CloudFront did not take it, as while 15 others are in progress.
            Exception: as ``SignedClient.request``.
        """
        paths = cdn_paths(rendition_key(name, ""))
        items = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
        body = (
            f'<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/{_API}/">'
            f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
            f"<CallerReference>{escape(reference)}</CallerReference></InvalidationBatch>"
        )
        self._client.request("POST", self._target, {"content-type": "text/xml"}, body.encode())
