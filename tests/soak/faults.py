"""The table of faults: what goes wrong in a soak test, how often, and what AWS answers then.

A fault with a share befalls requests or messages by chance. One with seconds lasts that long, and
befalls every request of the function meanwhile; these come one after another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ERRORS: Final = "Amazon S3 API reference, Error responses"
DYNAMODB: Final = "DynamoDB developer guide, Error handling with DynamoDB"
COMMON: Final = "Amazon SQS API reference, Common Error Types"

ALL_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})


@dataclass(frozen=True)
class ErrorResponse:
    """An error that AWS answers: HTTP status, error code and message."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of fault.

    Attributes:
        pages: titles of the AWS pages that describe it.
        share: which part of the requests or messages suffers, by chance.
        seconds: how long it lasts each time; for a slow request, at most.
        answers: what AWS answers, by the service's name in a signature.
        methods: HTTP methods of the requests that suffer.
    """

    pages: tuple[str, ...]
    share: float = 0.0
    seconds: float = 0.0
    answers: Mapping[str, ErrorResponse] = field(default_factory=dict)
    methods: frozenset[str] = ALL_METHODS


_INTERNAL: Final = {
    "s3": ErrorResponse(
        500, "InternalError", "We encountered an internal error. Please try again."
    ),
    "dynamodb": ErrorResponse(
        500, "InternalServerError", "DynamoDB could not process your request."
    ),
    "sqs": ErrorResponse(500, "InternalFailure", "The request processing has failed."),
}

REQUESTS: Final = {
    "slow down": Fault(
        pages=(ERRORS, DYNAMODB, "Amazon SQS API reference, SendMessage"),
        share=0.09,
        answers={
            "s3": ErrorResponse(503, "SlowDown", "Please reduce your request rate."),
            "dynamodb": ErrorResponse(
                400, "ThrottlingException", "Rate of requests exceeds the limit."
            ),
            "sqs": ErrorResponse(
                400, "RequestThrottled", "The request was denied due to throttling."
            ),
        },
    ),
    "no answer": Fault(pages=(ERRORS, DYNAMODB), share=0.004, seconds=14, answers=_INTERNAL),
    "done, no answer": Fault(pages=(ERRORS, DYNAMODB), share=0.003, seconds=14, answers=_INTERNAL),
    "slow body": Fault(
        pages=("Amazon S3 user guide, Performance design patterns for Amazon S3",),
        share=0.006,
        seconds=14,
    ),
}
"""Faults of single requests of the function. Some last longer than its invocation may."""

SPELLS: Final = {
    "policy edited": Fault(
        pages=(ERRORS, DYNAMODB, COMMON, "Amazon S3 API reference, DeleteObjects"),
        seconds=10,
        answers={
            "s3": ErrorResponse(403, "AccessDenied", "Access Denied"),
            "dynamodb": ErrorResponse(400, "AccessDeniedException", "Access denied."),
            "sqs": ErrorResponse(
                403, "AccessDeniedException", "You do not have sufficient access."
            ),
        },
    ),
    "token expired": Fault(
        pages=(ERRORS, COMMON),
        seconds=10,
        answers={
            "s3": ErrorResponse(400, "ExpiredToken", "The provided token has expired."),
            "dynamodb": ErrorResponse(
                400, "ExpiredTokenException", "The security token is expired."
            ),
            "sqs": ErrorResponse(403, "ExpiredTokenException", "The security token is expired."),
        },
    ),
    "key denied": Fault(
        pages=("Amazon S3 user guide, Troubleshoot access denied (403 Forbidden) errors",),
        seconds=10,
        answers={
            "s3": ErrorResponse(403, "AccessDenied", "not authorized to perform: kms:Decrypt")
        },
        methods=frozenset({"GET", "HEAD", "PUT"}),  # S3 deletes without the object's key
    ),
    "clock skewed": Fault(
        pages=(ERRORS, "IAM user guide, Troubleshoot Signature Version 4 signed requests"),
        seconds=10,
        answers={
            "s3": ErrorResponse(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            "dynamodb": ErrorResponse(400, "InvalidSignatureException", "Signature expired."),
            "sqs": ErrorResponse(403, "InvalidSignatureException", "Signature expired."),
        },
    ),
    "function throttled": Fault(
        pages=("AWS Lambda developer guide, Configuring reserved concurrency for a function",),
        seconds=10,
    ),
}
"""Faults of all requests for a while: in this order, again and again."""

MESSAGES: Final = {
    "twice": Fault(pages=("Amazon SQS developer guide, At-least-once delivery",), share=1.0),
    "late": Fault(
        pages=("Amazon S3 user guide, Event notification types: typically within seconds",),
        share=0.03,
    ),
    "again at the end": Fault(
        pages=("Amazon S3 user guide, Event ordering and duplicate events",), share=0.1
    ),
}
"""Faults of messages. A late one is held back until all uploads are made; one that comes again at
the end comes after all newer ones of its key."""
