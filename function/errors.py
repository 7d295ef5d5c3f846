"""The two ways in which an upload can fail.

Exception
├── Rejected          permanent: this input will never work. Acknowledged, recorded in the
│                     manifest, counted, not retried; the upload stays where it is.
└── anything else     transient until proven otherwise: SQS delivers the message again after
the visibility timeout, and after maxReceiveCount it is in the DLQ.
"""


class Rejected(Exception):
    """An input that no retry can help.

    Attributes:
        code: stable, machine-readable reason, e.g. ``"not_an_image"``.
        message: one sentence in plain words for the person who uploaded.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
