"""Tests of Pulumi programs: all that a program asks of the engine, and no vacuous test."""

from pytest_pulumi.cloud import Cloud
from pytest_pulumi.errors import (
    ProgramStuckError,
    PulumiTestError,
    UnsupportedSdkError,
    VacuousTestError,
)
from pytest_pulumi.evaluation import evaluate, evaluate_folder
from pytest_pulumi.fixtures import CheckSnapshot, EvaluateComponent, EvaluateFolder
from pytest_pulumi.program import Message, Program
from pytest_pulumi.resource import Resource
from pytest_pulumi.snapshot import DATA_TYPES, Snapshot
from pytest_pulumi.values import UNKNOWN, Properties, Secret

__all__ = [
    "DATA_TYPES",
    "UNKNOWN",
    "CheckSnapshot",
    "Cloud",
    "EvaluateComponent",
    "EvaluateFolder",
    "Message",
    "Program",
    "ProgramStuckError",
    "Properties",
    "PulumiTestError",
    "Resource",
    "Secret",
    "Snapshot",
    "UnsupportedSdkError",
    "VacuousTestError",
    "evaluate",
    "evaluate_folder",
]
