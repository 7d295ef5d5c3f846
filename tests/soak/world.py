"""Everything around the function: users who upload and delete, SQS at its worst, SIGKILL."""

import io
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import botocore.exceptions
from PIL import Image

from function.contract.keys import source_key
from local.http import quote, request
from local.server import Server
from tests.soak.faults import MESSAGES, SPELLS

WINDOW = 40
"""Messages among which the shuffler mixes."""

FIRST_CALM, CALM = 5.0, 20.0
"""Seconds between two lasting faults: few in the first round, so that a short run has them, too."""


@dataclass
class Counts:
    """Counts of faults other than those of requests; messages by fault."""

    kills: int = 0
    restarts: int = 0
    throttles: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    poison: list[str] = field(default_factory=list)


def pictures(count: int = 24) -> list[bytes]:
    """Small pictures of several formats, all different; the last ones are broken."""
    made = []
    for index in range(count):
        image = Image.effect_noise((64 + index, 48 + index), 40).convert("RGB")
        buffer = io.BytesIO()
        image.save(buffer, ("JPEG", "PNG", "WEBP")[index % 3])
        made.append(buffer.getvalue())
    return [*made, made[0][:200], b"no picture at all"]


def _choose(made: list[bytes], dice: random.Random) -> bytes:
    return dice.choice(made)


class People:
    """Uploads, one in eight of them over an earlier one; one in twenty is deleted at once or later.

    Args:
        server: the embedded AWS.
        uploads: how many PUTs to make.
        seed: the same seed gives the same uploads.
        draw: makes the next picture; without it, a few pictures take turns.
    """

    def __init__(
        self,
        server: Server,
        uploads: int,
        seed: int,
        draw: Callable[[random.Random], bytes] | None = None,
    ) -> None:
        self._server = server
        self._left = uploads
        self._random = random.Random(seed)
        self._draw = draw or partial(_choose, pictures())
        self._lock = threading.Lock()
        self.keys: list[str] = []
        self.deleted: set[str] = set()
        self.done = 0

    def work(self, resting: threading.Event) -> None:
        """Upload until there is nothing left to do; several threads may."""
        while True:
            with self._lock:
                if not self._left:
                    return
                self._left -= 1
                key, body, doomed = self._choose()
            while not resting.is_set():
                time.sleep(0.05)
            self._put(key, body)
            if doomed:
                self._delete(key)
            with self._lock:
                self.done += 1

    def _choose(self) -> tuple[str, bytes, bool]:
        again = self.keys and self._random.random() < 1 / 8
        key = self._random.choice(self.keys) if again else source_key(f"soak/{len(self.keys)}.jpg")
        if not again:
            self.keys.append(key)
        return key, self._draw(self._random), self._random.random() < 1 / 20

    def _put(self, key: str, body: bytes) -> None:
        url = f"{self._server.outputs['uploadEndpoint']}/{quote(key)}"
        while True:
            try:
                if request("PUT", url, body)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.2)

    def _delete(self, key: str) -> None:
        self.deleted.add(key)
        bucket = self._server.outputs["sourceBucket"]
        self._server.client("s3").delete_object(Bucket=bucket, Key=key)


class Shuffler:
    """Stands between S3 and the queue: each message comes twice or more often, and in any order.

    S3 announces to a separate queue, from which messages are moved; so the messages that arrive are
    S3's own, and only their order and number are worse than usual.
    """

    def __init__(self, server: Server, counts: Counts, seed: int) -> None:
        self._sqs = server.client("sqs")
        self._target = server.outputs["queueUrl"]
        self._random = random.Random(seed)
        self._counts = counts
        self._url = self._between(server)
        self._late: list[str] = []
        self._again: list[str] = []

    def _between(self, server: Server) -> str:
        s3, bucket = server.client("s3"), server.outputs["sourceBucket"]
        notification = s3.get_bucket_notification_configuration(Bucket=bucket)
        (rule,) = notification["QueueConfigurations"]
        url = self._sqs.create_queue(QueueName="soak-between")["QueueUrl"]
        arn = rule["QueueArn"].rpartition(":")[0] + ":soak-between"
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={"QueueConfigurations": [{**rule, "QueueArn": arn}]},
        )
        return url

    def poison(self, count: int) -> None:
        """Mix in messages that no retry will ever help."""
        for number in range(count):
            record = {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"poison": number},
            }
            body = json.dumps({"Records": [record]})
            self._counts.poison.append(self._send(body))

    def _send(self, body: str) -> str:
        return self._sqs.send_message(QueueUrl=self._target, MessageBody=body)["MessageId"]

    def work(self, resting: threading.Event, ending: threading.Event) -> None:
        """Move messages until told to end and nothing is left; then send the late ones."""
        window: list[str] = []
        while True:
            if not resting.is_set():
                time.sleep(0.05)
                continue
            try:
                fresh = self._take()
            except (OSError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                time.sleep(0.2)
                continue
            for body in fresh:
                window += self._copies(body)
            self._random.shuffle(window)
            keep = WINDOW if fresh else 0
            while len(window) > keep:
                self._send(window.pop())
            if not fresh and ending.is_set():
                break
        for body in self._late:
            self._send(body)

    def _copies(self, body: str) -> list[str]:
        """Return the copies of a message to send soon; keep what is to come later."""
        for name, later in (("late", self._late), ("again at the end", self._again)):
            if self._random.random() < MESSAGES[name].share:
                self._counts.messages[name] += 1
                later.append(body)
                if name == "late":
                    return []
        self._counts.messages["twice"] += 1
        return [body, body]

    def repeat(self) -> None:
        """Send some old messages again, after all newer ones."""
        self._random.shuffle(self._again)
        for body in self._again:
            self._send(body)

    def _take(self) -> list[str]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        bodies = []
        for message in answer.get("Messages", []):
            bodies.append(message["Body"])
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


class Reaper:
    """Kills a process of the function now and then, with SIGKILL."""

    def __init__(self, server: Server, counts: Counts, seed: int, seconds: float) -> None:
        self._server, self._counts = server, counts
        self._random, self._seconds = random.Random(seed), seconds

    def work(self, ending: threading.Event) -> None:
        """Kill until told to end."""
        while not ending.wait(self._random.expovariate(1 / self._seconds)):
            children = list(children_of(self._server.pid))
            if children:
                try:
                    os.kill(self._random.choice(children), signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self._counts.kills += 1


class Spells:
    """Begins the faults that last a while, one after another, in the order of their table."""

    def __init__(self, server: Server, counts: Counts) -> None:
        self._server, self._counts = server, counts
        self._function = server.outputs["functionName"]

    def work(self, resting: threading.Event, ending: threading.Event) -> None:
        """Begin spells until told to end."""
        calm = FIRST_CALM
        while True:
            for name, fault in SPELLS.items():
                if ending.wait(calm):
                    return
                resting.wait()
                self._begin(name)
                ending.wait(fault.seconds)
                resting.wait()
                self._end(name)
            calm = CALM

    def _begin(self, name: str) -> None:
        if name != "function throttled":
            request("PUT", f"{self._server.endpoint}/_soak/{quote(name)}")
            return
        self._counts.throttles += 1
        self._server.client("lambda").put_function_concurrency(
            FunctionName=self._function, ReservedConcurrentExecutions=0
        )

    def _end(self, name: str) -> None:
        if name == "function throttled":
            lambda_ = self._server.client("lambda")
            lambda_.delete_function_concurrency(FunctionName=self._function)


def children_of(parent: int) -> Iterator[int]:
    """Processes that a process has started: of the embedded AWS, those of its functions."""
    # Path.glob would raise for a process that ends meanwhile.
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            yield int(folder.name)


@contextmanager
def running(*workers) -> Iterator[None]:
    """Run functions with their arguments, each in a thread; wait for all at the end."""
    threads = [
        threading.Thread(target=work, args=arguments, daemon=True) for work, *arguments in workers
    ]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()
