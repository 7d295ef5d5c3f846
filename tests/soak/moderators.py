"""Moderators who decide at random, twice, too late and out of order, while all else fails.

They are sent what waits by the stack's own moderator, a queue. They decide about what is public or
rejected already, too; one message in six comes after all others.
"""

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import botocore.exceptions

from function.contract import Status, Verdict
from function.contract.messages import moderation_event
from local.server import Server
from tests.soak.numbered import Numbered

QUEUE = "soak-moderators"
ARN = f"arn:aws:sqs:us-east-1:000000000000:{QUEUE}"

SETTINGS = {"image-pipeline:publish": "held", "image-pipeline:moderator": ARN}

FAILURES = (OSError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)

SHARES = {Verdict.APPROVE: 0.55, Verdict.REJECT: 0.25, None: 0.2}
"""Shares of the moderators' verdicts; None leaves an upload waiting."""

SECOND_THOUGHTS = 0.15
"""How often a decision is followed by one about an upload that was decided about before."""

TWICE, LATE = 0.25, 1 / 6


@dataclass(frozen=True, order=True)
class Said:
    """A decision; of two, the greater one counts."""

    at: str
    is_rejection: bool


class Moderators:
    """Reads the moderators' queue and sends decisions to the queue of uploads."""

    def __init__(self, server: Server, numbered: Numbered, seed: int) -> None:
        self._server, self._numbered = server, numbered
        self._random = random.Random(seed)
        self._sqs, self._s3 = server.client("sqs"), server.client("s3")
        self._url = self._sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        self._late: list[str] = []
        self.said: dict[tuple[str, str], list[Said]] = {}  # by key and version
        self.asked: set[tuple[str, str]] = set()
        self.approved: set[int] = set()  # numbers of pictures that may be seen from now on
        self.counts: Counter[str] = Counter()

    def work(self, resting: threading.Event, ending: threading.Event) -> None:
        """Decide until told to end."""
        while not ending.is_set():
            if not resting.is_set():
                time.sleep(0.05)
                continue
            for key, version_id in self._listen():
                self._consider(key, version_id)

    def finish(self) -> None:
        """Read the last messages, and send the decisions that were delayed."""
        while self._listen():
            pass
        self._random.shuffle(self._late)
        for body in self._late:
            self._send(body)

    def expected(self, key: str, version_id: str) -> Status:
        """Return the status that a version must have at the end."""
        said = self.said.get((key, version_id))
        if self.number_of(key, version_id) is None:
            return Status.REJECTED
        if not said:
            return Status.HELD
        return Status.REJECTED if max(said).is_rejection else Status.READY

    def number_of(self, key: str, version_id: str) -> int | None:
        """Return the number that a version's picture shows; None if it is broken."""
        source = self._server.outputs["sourceBucket"]
        found = self._s3.head_object(Bucket=source, Key=key, VersionId=version_id)
        return self._numbered.number_of(found["ETag"])

    def _listen(self) -> list[tuple[str, str]]:
        """Return the versions that moderators were sent since."""
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            found = []
            for message in answer.get("Messages", []):
                told = json.loads(message["Body"])
                found.append((told["key"], told["version_id"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        except FAILURES:
            time.sleep(0.2)
            return []
        self.asked.update(found)
        return found

    def _consider(self, key: str, version_id: str) -> None:
        choices = list(SHARES)
        (verdict,) = self._random.choices(choices, list(SHARES.values()))
        if verdict:
            self._decide(key, version_id, verdict)
        if self.said and self._random.random() < SECOND_THOUGHTS:
            again = self._random.choice(list(self.said))
            self._decide(*again, self._random.choice((Verdict.APPROVE, Verdict.REJECT)))

    def _decide(self, key: str, version_id: str, verdict: Verdict) -> None:
        at, source = datetime.now(UTC).isoformat(), self._server.outputs["sourceBucket"]
        said = Said(at, verdict == Verdict.REJECT)
        self.said.setdefault((key, version_id), []).append(said)
        if verdict == Verdict.APPROVE and (number := self._number(key, version_id)) is not None:
            self.approved.add(number)  # before it is sent: a reader may see it from now on
        body = moderation_event(source, key, version_id, verdict, by="soak", at=at)
        self.counts[verdict] += 1
        if self._random.random() < LATE:
            self.counts["late"] += 1
            self._late.append(body)
            return
        self._send(body)
        if self._random.random() < TWICE:
            self.counts["twice"] += 1
            self._send(body)

    def _number(self, key: str, version_id: str) -> int | None:
        while True:
            try:
                return self.number_of(key, version_id)
            except FAILURES:
                time.sleep(0.2)

    def _send(self, body: str) -> None:
        while True:
            try:
                self._sqs.send_message(QueueUrl=self._server.outputs["queueUrl"], MessageBody=body)
            except FAILURES:
                time.sleep(0.2)
            else:
                return
