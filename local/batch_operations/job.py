"""A job: its request, its progress, and the outcome of each task."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from local.batch_operations.session import Session

ENDED: Final = ("Complete", "Failed", "Cancelled")


class JobFailed(Exception):
    """The job itself cannot run: AWS's failure code, and the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


@dataclass(frozen=True)
class Task:
    """One object of a job's list; ``version_id`` is empty if the list has none."""

    number: int
    bucket: str
    key: str
    version_id: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of a task: AWS's result code, and the text for the report."""

    task: Task
    code: str
    message: str

    @property
    def succeeded(self) -> bool:
        """True if the function said so."""
        return self.code == "Succeeded"


@dataclass
class Job:
    """A job of the account that has begun or ended.

    Attributes:
        id: as CreateJob returns it.
        asked: arguments of CreateJob.
        session: acts with the role's permissions; None if the role cannot be assumed.
        may_list: whether the role may have the source bucket listed.
    """

    id: str
    asked: dict[str, Any]
    session: Session | None
    may_list: bool
    status: str = "New"
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    failures: list[JobFailed] = field(default_factory=list[JobFailed])
    generated: dict[str, Any] | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def end(self, status: str) -> None:
        """Set the final status."""
        self.status, self.ended = status, datetime.now(UTC)

    def add(self, outcome: Outcome) -> None:
        """Record the outcome of a task that will not be tried again."""
        self.outcomes.append(outcome)
        if outcome.succeeded:
            self.succeeded += 1
        else:
            self.failed += 1

    def describe(self, arn: str) -> dict[str, Any]:
        """Return what DescribeJob answers."""
        given = ("ConfirmationRequired", "Description", "Manifest", "ManifestGenerator")
        asked = {name: self.asked.get(name) for name in (*given, "Operation", "Priority", "Report")}
        return {
            **asked,
            "JobId": self.id,
            "JobArn": arn,
            "RoleArn": self.asked["RoleArn"],
            "Status": self.status,
            "ProgressSummary": {
                "TotalNumberOfTasks": self.total,
                "NumberOfTasksSucceeded": self.succeeded,
                "NumberOfTasksFailed": self.failed,
            },
            "FailureReasons": [
                {"FailureCode": failure.code, "FailureReason": failure.reason}
                for failure in self.failures
            ],
            "GeneratedManifestDescriptor": self.generated,
            "CreationTime": self.created,
            "TerminationDate": self.ended,
        }
