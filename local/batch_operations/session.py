"""Clients with the permissions of a job's role, and of the account for what S3 does by itself."""

import os
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.config import Config

_boto3: Final[Any] = boto3  # its types cover only the services whose stubs are installed

LONGEST_INVOCATION: Final = 900
"""Seconds; Lambda's own limit ("Lambda quotas")."""


@dataclass(frozen=True)
class Session:
    """An assumed role: the credentials that the embedded AWS gave for it."""

    key: str
    secret: str
    token: str

    def client(self, service: str) -> Any:
        """Return a client of a service of this embedded AWS, with the role's permissions."""
        return _client(service, self.key, self.secret, self.token)


def of_account() -> Any:
    """Return a client of S3 with the account's own permissions, by which S3 lists its buckets."""
    return _client("s3", os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], None)


def _client(service: str, key: str, secret: str, token: str | None) -> Any:
    return _boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        region_name=os.environ["MINISTACK_REGION"],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(
            retries={"total_max_attempts": 1},
            read_timeout=LONGEST_INVOCATION,
            max_pool_connections=32,
        ),
    )
