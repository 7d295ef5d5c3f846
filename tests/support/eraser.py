"""An operator who erases the one upload of ``history.py``, request by request."""

import threading
from typing import Any

from function.events import EventKind
from ops.erase import Erasure, Place, Store
from terminal import Failure
from tests.support.history import KEY, event


class Eraser:
    """The command as it goes through both buckets; each ``step`` is one request of its.

    It runs in a thread, and either it or the world goes on, never both. The world has the source
    bucket ``key``, the destination ``bucket``, the events ``waiting``, and the invocations
    ``running``.
    """

    def __init__(self, world: Any) -> None:
        self._world = world
        self._turn, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self.has_ended = self.has_erased = self.has_missed_an_upload = False
        threading.Thread(target=self._run, daemon=True).start()

    def step(self) -> None:
        self._turn.release()
        self._theirs.acquire()

    def _pause(self) -> None:
        self._theirs.release()
        self._turn.acquire()

    def _run(self) -> None:
        self._turn.acquire()
        stores = {
            Place.UPLOADS: Store(count=int, clear=self._clear_source),
            Place.DESTINATION: Store(count=int, clear=self._clear_destination),
        }
        erasure = Erasure(stack=None, scope=None, stores=stores, seconds=1, distribution=None)
        try:
            erasure.clear_buckets(self._wait)
            self.has_erased = True
        except Failure:  # uploads kept coming
            pass
        finally:
            self.has_ended = True
            self._theirs.release()

    def _wait(self, _seconds: float) -> None:
        """Wait until all invocations that are at work have ended, and a while longer."""
        before = set(self._world.running)
        self._pause()
        while before & set(self._world.running):
            self._pause()
        self._pause()

    def _clear_source(self) -> int:
        key, self.has_missed_an_upload = self._world.key, False
        listed = list(key.versions.get(KEY, ()))[::-1]
        for version_id in listed:
            self._pause()
            if version_id in key.versions[KEY]:
                removed = key.purge_version(KEY, version_id)
                self._world.waiting.append(event(EventKind.CHANGED, removed))
        return len(listed)

    def _clear_destination(self) -> int:
        listed = list(self._world.bucket.objects)
        for key in listed:
            self._pause()
            self._world.bucket.objects.pop(key, None)
        return len(listed)
