"""Exceptions of the kit.

PulumiTestError            the test or the program is wrong: the sentence says what to change
├── UnsupportedSdkError    this version of the SDK lacks something that the kit needs
└── ProgramStuckError      the program did not end in time
VacuousTestError           an assertion that cannot have been checked (an AssertionError)
"""


class PulumiTestError(Exception):
    """The test or the program cannot be evaluated as it stands."""


class UnsupportedSdkError(PulumiTestError):
    """The installed Pulumi SDK lacks a name that the kit needs."""


class ProgramStuckError(PulumiTestError):
    """The program did not end in time: it blocks, or an Output of its never resolves."""


class VacuousTestError(AssertionError):
    """An assertion was registered and never checked."""
