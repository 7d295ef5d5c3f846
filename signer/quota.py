"""Quotas by user: forms in an hour and bytes in a day, counted in DynamoDB.

A user has one item a day, in UTC, which DynamoDB deletes some time after its end. One conditional
update counts a form and its bytes or neither, so that forms asked for at one time cannot exceed a
quota together.
"""

import math
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import boto3
from botocore.config import Config

from signer.handler import Refused

MINUTES: Final = 90
"""Longest wait that messages give in minutes; longer ones are in hours."""

KEEP: Final = timedelta(days=1)
"""How long an item is kept after its day."""

_TIMES: Final = Config(
    connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}
)
"""If the first attempt's answer is lost, the second counts the form again, too strictly by one. A
second attempt that finds the quota used up is a failure of ours, because the first attempt may have
used it up."""

_boto3: Final[Any] = boto3  # boto3 has no inline types


class Quota:
    """The limits of one user, 0 for none, and the table that counts their use."""

    def __init__(self, table: str, *, forms_per_hour: int, bytes_per_day: int) -> None:
        self._table, self._forms, self._bytes = table, forms_per_hour, bytes_per_day
        self.client: Any = _boto3.client("dynamodb", config=_TIMES)

    def charge(self, user: str, size: int, now: datetime | None = None) -> None:
        """Count one form for a file of this size.

        Args:
            user: the user's part of keys.
            size: bytes of the file.
            now: the time, in UTC.

        Raises:
            Refused: the form would exceed a quota, and is not counted; status 429.
            ClientError, BotoCoreError: DynamoDB did not answer, so nobody knows if it would.
        """
        now = now or datetime.now(UTC)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        names = {"#forms": f"forms{now:%H}", "#bytes": "bytes", "#expires": "expires"}
        conditions, values = self._bounds(size)
        try:
            self.client.update_item(
                TableName=self._table,
                Key={"user": {"S": user}, "day": {"S": f"{day:%Y-%m-%d}"}},
                UpdateExpression="ADD #forms :one, #bytes :size SET #expires = :expires",
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":size": {"N": str(size)},
                    ":expires": {"N": str(int((day + timedelta(days=1) + KEEP).timestamp()))},
                    **values,
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as failed:
            if failed.response["ResponseMetadata"]["RetryAttempts"]:
                raise  # the first attempt, whose answer was lost, may have counted this form
            sent = int(failed.response["Item"].get("bytes", {"N": "0"})["N"])
            raise self._refused(now, size, sent) from None

    def _bounds(self, size: int) -> tuple[list[str], dict[str, dict[str, str]]]:
        conditions: list[str] = []
        values: dict[str, dict[str, str]] = {}
        if self._forms:
            conditions.append("(attribute_not_exists(#forms) OR #forms < :forms)")
            values[":forms"] = {"N": str(self._forms)}
        if self._bytes:
            conditions.append("(attribute_not_exists(#bytes) OR #bytes <= :room)")
            values[":room"] = {"N": str(self._bytes - size)}
        return conditions, values

    def _refused(self, now: datetime, size: int, sent: int) -> Refused:
        hour = now.replace(minute=0, second=0, microsecond=0)
        # First, because a user who has also used up the hour must wait for the day, too.
        if self._bytes and sent + size > self._bytes:
            code, most = "quota_bytes_per_day", f"{self._bytes / 1e6:,.1f}".removesuffix(".0")
            told = f"You may send {most} MB a day, and they are used up."
            if sent < self._bytes:
                told = f"You may send {most} MB a day, and this file is larger than what is left."
            ends = hour.replace(hour=0) + timedelta(days=1)
        else:
            code = "quota_per_hour"
            told = f"You may send {self._forms:,} uploads an hour, and they are used up."
            ends = hour + timedelta(hours=1)
        seconds = max(1, math.ceil((ends - now).total_seconds()))
        minutes = math.ceil(seconds / 60)
        wait = f"{math.ceil(minutes / 60)} h" if minutes > MINUTES else f"{minutes} min"
        message = f"{told} Try again in {wait}."
        return Refused(HTTPStatus.TOO_MANY_REQUESTS, code, message, {"Retry-After": str(seconds)})
