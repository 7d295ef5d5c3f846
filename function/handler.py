"""Lambda's entry point for uploads that come through the queue."""

import functools

from function import cold_start, postpone
from function.batch import BatchHandler

_uploads = cold_start.start()
handle = BatchHandler(
    uploads=_uploads,
    postpone=functools.partial(postpone.postpone, _uploads.deadline),
    measure_held=functools.partial(cold_start.measure_held, _uploads),
    look_again=functools.partial(postpone.look_again, _uploads.deadline),
).handle
