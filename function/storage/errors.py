"""Errors of requests to AWS.

StorageError
├── Gone       the object or its version no longer exists. Not retried: nothing is left to process.
├── Conflict   another invocation has written the object since it was read. The reader starts over.
├── Refused    AWS refused a request of the signed client. Retried: SQS delivers the message again.
└── OutOfTime  The invocation ends too soon for another request. Retried: as above.

Everything else that is raised is retried by SQS, too: obstore's own exceptions, and OSError and
http.client.HTTPException where AWS gives no whole answer.
"""


class StorageError(Exception):
    """S3 or DynamoDB did not do what the function asked."""


class Gone(StorageError):
    """The object or its version does not exist any more."""


class Conflict(StorageError):
    """Another invocation has written the object since it was read."""


class OutOfTime(StorageError):
    """Too little time is left in the invocation for another request, or to wait for one."""


class Refused(StorageError):
    """AWS refused a request: HTTP status, and AWS's error code, which is empty if there is none."""

    def __init__(self, request: str, status: int, code: str, message: str) -> None:
        super().__init__(
            f"AWS refused {request} with status {status}, {code or 'no code'}: {message}"
        )
        self.request, self.status, self.code = request, status, code
