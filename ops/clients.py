"""Types of boto3's clients, by service; ``Any`` for every other service.

The stubs are installed for development alone (requirements-dev.in).
"""

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_s3control import S3ControlClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient


class Clients(Protocol):
    """Makes a client of a service; ``how`` may have botocore's ``config``."""

    @overload
    def __call__(self, service: Literal["cloudwatch"], /, **how: Any) -> "CloudWatchClient": ...
    @overload
    def __call__(self, service: Literal["iam"], /, **how: Any) -> "IAMClient": ...
    @overload
    def __call__(self, service: Literal["lambda"], /, **how: Any) -> "LambdaClient": ...
    @overload
    def __call__(self, service: Literal["logs"], /, **how: Any) -> "CloudWatchLogsClient": ...
    @overload
    def __call__(self, service: Literal["s3"], /, **how: Any) -> "S3Client": ...
    @overload
    def __call__(self, service: Literal["s3control"], /, **how: Any) -> "S3ControlClient": ...
    @overload
    def __call__(self, service: Literal["sqs"], /, **how: Any) -> "SQSClient": ...
    @overload
    def __call__(self, service: Literal["sts"], /, **how: Any) -> "STSClient": ...
    @overload
    def __call__(self, service: str, /, **how: Any) -> Any: ...
