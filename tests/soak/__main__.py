"""Thousands of uploads while everything around the function fails; nothing may be lost.

The unchanged program on an embedded AWS, and all faults of ``tests/soak/faults.py``: requests of
the function fail, hang, or are refused for ten seconds; messages come twice, shuffled, late and
again; the function is throttled, its processes are killed, the whole server restarts once. People
upload, overwrite and delete meanwhile. Afterwards both buckets are compared object by object, and
the dead-letter queue must hold the poison messages alone, once what the faults put there has been
sent through again as an operator would.
"""

# ruff: noqa: T201

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from function.contract import Status
from function.contract.keys import upload_name
from local import server as servers
from local.deploy import deploy
from local.http import request
from local.server import Server
from ops import redrive
from ops.stack import Stack
from tests.soak import backfill, honest, moderators, poison, views
from tests.soak.backfill import Backfilled
from tests.soak.faults import REQUESTS, SPELLS
from tests.soak.moderators import Moderators
from tests.soak.numbered import Numbered
from tests.soak.readers import Readers
from tests.soak.slowdown import Slowdown
from tests.soak.verdict import Verdict, judge
from tests.soak.viewers import AVIF, LAZY, Viewers
from tests.soak.viewers import FILES as LAZY_FILES
from tests.soak.world import Counts, People, Reaper, Shuffler, Spells, running

SETTINGS = {
    "image-pipeline:memory": 512,
    "image-pipeline:timeout": 10,
    "image-pipeline:batchSize": 5,
    "image-pipeline:renditions": [
        {"name": "small", "width": 40, "height": 40, "formats": ["jpeg", "webp"]},
        {"name": "thumb", "width": 16, "height": 16, "fit": "cover", "formats": ["jpeg"]},
    ],
}
"""Few and small renditions: what is tried is the way of an upload, not the pixels."""

FILES = ("small.jpg", "small.webp", "thumb.jpg")

VISIBILITY = "12"
"""Seconds after which an unfinished message is delivered again, a fifth of the stack's setting: the
test is faster, and messages are redelivered while they are still being processed."""

UPLOADERS = 3
VIEWERS = 2
MOST_FINAL_VIEWS = 200
KILL_SECONDS = 4.0
POISON_SHARE = 100
"""One poison message for so many uploads, and at least one."""

REDRIVES = 10


class Run:
    """One soak test on a separate server."""

    def __init__(
        self, server: Server, uploads: int, seed: int, *, lazy: bool = False, held: bool = False
    ) -> None:
        self.server, self.uploads = server, uploads
        self.counts = Counts()
        numbered = Numbered() if held else None
        self.people = People(server, uploads, seed, numbered)
        self.moderators = Moderators(server, numbered, seed) if numbered else None
        self.readers = None
        if numbered and self.moderators:
            files = (*FILES, *LAZY_FILES) if lazy else FILES
            self.readers = Readers(server, self.people, self.moderators, numbered, files, seed)
        self.shuffler = Shuffler(server, self.counts, seed)
        self.reaper = Reaper(server, self.counts, seed, KILL_SECONDS)
        self.spells = Spells(server, self.counts)
        self.viewers = Viewers(server, self.people, seed) if lazy else None
        self.requests: Counter[str] = Counter()
        self.ready: set[str] = set()
        self.letters = 0
        self.formats = Counter[str]()
        self.queues = ["queueUrl", *(["formatQueueUrl"] if lazy else [])]
        self.resting, self.uploaded, self.ending = (threading.Event() for _ in range(3))

    def go(self, progress: Progress) -> Verdict:
        """Run the test, and return its outcome."""
        task = progress.add_task("uploads", total=self.uploads)
        self.resting.set()
        self.shuffler.poison(max(1, self.uploads // POISON_SHARE))
        viewers = [(self.viewers.work, self.resting, self.ending)] if self.viewers else []
        moderated = [
            (each.work, self.resting, self.ending)
            for each in (self.moderators, self.readers)
            if each
        ]
        with running(
            (self.reaper.work, self.ending),
            (self.spells.work, self.resting, self.ending),
            *viewers * VIEWERS,
            *moderated,
        ):
            with running((self.shuffler.work, self.resting, self.uploaded)):
                with running(*[(self.people.work, self.resting)] * UPLOADERS):
                    self._watch(progress, task)
                self.uploaded.set()
            self._drain(progress)
            self.shuffler.repeat()
            self._drain(progress)
            self.ending.set()
        if self.moderators:
            self.moderators.finish()
            self._drain(progress)
        self._settle(progress)
        if self.moderators:
            self.moderators.finish()
        self._note()
        kept = set(self.people.keys) - self.people.deleted
        unseen = self._unseen(progress)
        verdict = judge(self.server, kept=kept, ready=self.ready, moderators=self.moderators)
        for key in self.people.keys if self.readers else []:
            self.readers.read(key)
        verdict.leaked += self.readers.leaks if self.readers else []
        verdict.lost += [*self._missing_poison(), *unseen]
        return verdict

    def _unseen(self, progress: Progress) -> list[str]:
        """Return the ready uploads of which a lazy file cannot be viewed or made even now."""
        if not self.viewers:
            return []
        names = sorted(map(upload_name, self.people.keys))
        ready = [
            name
            for name, found in honest.read(self.server, names).items()
            if honest.outcome(found) == Status.READY
        ]
        looked_at = ready[-MOST_FINAL_VIEWS:]
        return [*self.viewers.missing(looked_at), *self._unmade(self.viewers, looked_at, progress)]

    def _unmade(self, viewers: Viewers, names: list[str], progress: Progress) -> list[str]:
        """Return the uploads whose lazy format does not come; missing ones are asked for again.

        A message is lost if the function dies between its note in the manifest and the queue.
        """
        self._finish(progress)
        again = unmade = viewers.unmade(names)
        for _ in range(REDRIVES):
            if not unmade:
                break
            for name in unmade:
                viewers.ask_again(name)
            self._finish(progress)
            unmade = viewers.unmade(names)
        self.formats.update(made=len(names) - len(unmade), again=len(again))
        return [f"{AVIF} of {name} was never made" for name in unmade]

    def _finish(self, progress: Progress) -> None:
        self._drain(progress)
        self._settle(progress)

    def _watch(self, progress: Progress, task) -> None:
        while self.people.done < self.uploads:
            progress.update(task, completed=self.people.done)
            if not self.counts.restarts and self.people.done > self.uploads / 2:
                self._restart()
            time.sleep(0.2)
        progress.update(task, completed=self.uploads)
        if not self.counts.restarts:  # a short run is over before it is half done
            self._restart()

    def _restart(self) -> None:
        """Stop the server as an operating system does, and start it from what it has kept."""
        self.resting.clear()
        time.sleep(2)
        self._note()
        servers.restart(self.server)
        self.counts.restarts += 1
        self.resting.set()

    def _note(self) -> None:
        """Add up what the server, which forgets it, has counted."""
        noted = json.loads(request("GET", f"{self.server.endpoint}/_soak")[1])
        self.requests.update(noted["counts"])
        self.ready.update(noted["ready"])

    def _waiting(self, *names: str) -> int:
        total = 0
        for name in names:
            attributes = self.server.client("sqs").get_queue_attributes(
                QueueUrl=self.server.outputs[name], AttributeNames=["All"]
            )["Attributes"]
            total += sum(int(v) for k, v in attributes.items() if k.endswith("NumberOfMessages"))
            total += int(attributes["ApproximateNumberOfMessagesNotVisible"])
            total += int(attributes["ApproximateNumberOfMessagesDelayed"])
        return total

    def _drain(self, progress: Progress) -> None:
        """Wait until the queues are empty and nothing is being worked on."""
        waiting = self._waiting(*self.queues)
        task = progress.add_task("queue", total=waiting)
        while waiting:
            progress.update(task, completed=max(0, progress.tasks[task].total - waiting))
            time.sleep(0.5)
            waiting = self._waiting(*self.queues)
        progress.update(task, completed=progress.tasks[task].total)

    def _settle(self, progress: Progress) -> None:
        """Send what the faults put into the dead-letter queue through again, without faults."""
        for _ in range(REDRIVES):
            letters = redrive.read(self._stack())
            poison = [letter for letter in letters if '"poison"' in letter.body]
            redrive.give_back(self._stack(), poison)
            others = [letter for letter in letters if letter not in poison]
            if not others:
                return
            self.letters += len(list(redrive.move_all(self._stack(), others)))
            self._drain(progress)

    def _missing_poison(self) -> list[str]:
        letters = redrive.read(self._stack())
        redrive.give_back(self._stack(), letters)
        there = {letter.message_id for letter in letters}
        return [f"poison {number}" for number in self.counts.poison if number not in there]

    def _stack(self) -> Stack:
        return Stack(outputs=self.server.outputs, client=self.server.client)


def main() -> int:
    """Run, and report; the last line is the verdict."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--uploads", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--duplicates", choices=("off", "exact", "near"), default="off")
    parser.add_argument("--lazy", action="store_true", help="view lazy files meanwhile")
    parser.add_argument("--held", action="store_true", help="hold all uploads for moderators")
    parser.add_argument(
        "--poison",
        type=float,
        default=0,
        help="hostile uploads a minute beside one honest a second, in place of the soak test",
    )
    parser.add_argument(
        "--backfill",
        type=int,
        default=0,
        help="uploads to backfill beside one live upload a second, in place of the soak test",
    )
    parser.add_argument(
        "--views",
        type=int,
        default=0,
        help="people who view lazy files beside one upload a second, in place of the soak test",
    )
    minutes = "length of each phase of --poison and --views, and of the first of --backfill"
    parser.add_argument("--minutes", type=float, default=5, help=minutes)
    options = parser.parse_args()
    if options.poison:
        return _print(poison.run, options.poison, options.minutes)
    if options.backfill:
        return _print(backfill.run, options.backfill, options.minutes)
    if options.views:
        return _print(views.run, options.views, options.minutes)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "aws"
        variables = {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(folder / "objects"),
        }
        server = servers.start(folder, app="tests.soak.server", variables=variables)
        try:
            deploy(
                server,
                settings=SETTINGS
                | {"image-pipeline:duplicates": options.duplicates}
                | (_lazy() if options.lazy else {})
                | (moderators.SETTINGS if options.held else {}),
            )
            how = {"lazy": options.lazy, "held": options.held}
            run = Run(server, options.uploads, options.seed, **how)
            for queue in run.queues:
                server.client("sqs").set_queue_attributes(
                    QueueUrl=server.outputs[queue], Attributes={"VisibilityTimeout": VISIBILITY}
                )
            with _progress() as progress:
                verdict = run.go(progress)
            return _report(run, verdict, time.monotonic() - started)
        finally:
            servers.stop(folder)


def _lazy() -> dict[str, object]:
    renditions = "image-pipeline:renditions"
    return {renditions: [*SETTINGS[renditions], LAZY], "image-pipeline:delivery": "cdn"}


def _print(measure: Callable[..., Slowdown | Backfilled], *options: float) -> int:
    """Measure two phases of uploads and print the report, whose last line is the verdict."""
    with tempfile.TemporaryDirectory() as scratch:
        report = measure(
            Path(scratch) / "aws", *options, lambda text: print(text, file=sys.stderr, flush=True)
        )
    print(*report.lines(), sep="\n")
    return 0 if report.holds else 1


def _progress() -> Progress:
    columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


def _report(run: Run, verdict: Verdict, seconds: float) -> int:
    counts = run.counts
    for word in ("leaked", "lost", "stale", "orphaned", "deleted"):
        for name in getattr(verdict, word)[:10]:
            print(f"{word}: {name}")
    faults = {
        f"requests: {name}": run.requests[name]
        for name in (REQUESTS | SPELLS)
        if name in run.requests
    }
    faults |= {f"messages: {name}": count for name, count in counts.messages.items()}
    faults |= {
        "function throttled": counts.throttles,
        "processes killed": counts.kills,
        "server restarted": counts.restarts,
    }
    for name, count in faults.items():
        print(f"{count:6} {name}")
    if run.viewers:
        views = ", ".join(f"{n} with {status}" for status, n in run.viewers.statuses.items())
        print(f"views of lazy files: {views}")
        print(
            f"lazy formats of {run.formats['made']} uploads are there, "
            f"{run.formats['again']} of them asked for again"
        )
    if run.moderators and run.readers:
        said = ", ".join(f"{count} {name}" for name, count in run.moderators.counts.items())
        reads = ", ".join(
            f"{count} with {status}" for status, count in run.readers.statuses.items()
        )
        print(f"decisions: {said}")
        print(f"attempts to read: {reads}")
    print(
        f"{len(counts.poison)} poison messages, {run.letters} dead letters sent again, "
        f"{len(run.people.keys)} keys, {len(run.ready)} of them ready at some time, {seconds:.0f} s"
    )
    print(
        f"{run.uploads} uploads, {sum(faults.values())} faults, "
        f"{f'{len(verdict.leaked)} leaked, ' if run.readers else ''}{len(verdict.lost)} lost, "
        f"{len(verdict.stale)} stale, {len(verdict.orphaned)} orphaned, "
        f"{len(verdict.deleted)} deleted that should stand"
    )
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
