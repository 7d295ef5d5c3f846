"""The stack's moderator, whom a held version is sent to: a queue, a topic or a function."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from function.contract import LOOK_SECONDS
from function.moderation import HeldRecord
from function.moderation_record import Decision, moment
from function.postpone import queue_url
from function.storage.client import SignedClient
from function.storage.deadline import Deadline


class ModeratorFailed(Exception):
    """The moderator's function raised, or answered what is no decision."""


class Moderator:
    """Sends held versions to an SQS queue, an SNS topic or a Lambda function, by its ARN.

    ``source`` is the name of the uploads' bucket; ``look_url`` makes the URL of a version's look.

    A function is waited for, and may answer ``{"decision": "approve" | "reject", "reason": …}``, or
    ``null`` where somebody decides later. A queue's or a topic's readers decide later in any case.
    """

    def __init__(
        self,
        arn: str,
        source: str,
        look_url: Callable[[HeldRecord], str],
        deadline: Deadline,
    ) -> None:
        self._arn, self._source, self._look_url = arn, source, look_url
        _arn, _partition, self._service, region = arn.split(":")[:4]
        self._client = SignedClient(self._service, deadline, region=region)

    def __call__(self, held: HeldRecord) -> Decision | None:
        """Send a version, and return what was decided at once, if anything.

        Raises:
            ModeratorFailed: a function has failed.
            Exception: it could not be sent.
        """
        text = json.dumps(self._message(held), ensure_ascii=False)
        if self._service == "lambda":
            return self._invoke(text)
        if self._service == "sqs":
            message = {"QueueUrl": queue_url(self._arn), "MessageBody": text}
            self._client.call("AmazonSQS.SendMessage", message)
        else:
            fields = {"Action": "Publish", "Version": "2010-03-31"}
            fields |= {"TopicArn": self._arn, "Message": text}
            headers = {"content-type": "application/x-www-form-urlencoded"}
            self._client.request("POST", "/", headers, urlencode(fields).encode())
        return None

    def _message(self, held: HeldRecord) -> Mapping[str, Any]:
        """Return what a moderator is told; the look can be fetched for five minutes."""
        like = held.looks_like_rejected
        return {
            "type": "image-pipeline.held",
            "bucket": self._source,
            "key": held.key,
            "version_id": held.version_id,
            "held_at": held.held_at,
            "bytes": held.length,
            "width": held.width,
            "height": held.height,
            "format": held.format,
            "look": self._look_url(held),
            "look_seconds": LOOK_SECONDS,
            "look_content_type": held.content_type,
            "looks_like_rejected": like.to_dict() if like else None,
        }

    def _invoke(self, text: str) -> Decision | None:
        path = f"/2015-03-31/functions/{quote(self._arn, safe='')}/invocations"
        # The answer is as old as the question: what a person decides meanwhile counts.
        asked_at = moment(datetime.now(UTC))
        body = self._client.request("POST", path, {}, text.encode(), waits=True)
        try:
            answer: dict[str, Any] | None = json.loads(body or b"null")
            if answer is None:
                return None
            given = {"verdict": answer["decision"], "at": asked_at, "by": self._arn}
            return Decision.parse(given | {"reason": answer.get("reason")})
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            # Not a word of the answer: it may repeat what the moderator was sent, which no log has.
            raise ModeratorFailed(
                f"{self._arn} raised an exception or answered no decision; its own log has more"
            ) from None
