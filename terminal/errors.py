"""The two ways a command ends badly that are no bug."""


class Failure(Exception):
    """A command could not do what it was asked; one sentence says why and what to do."""


class Misuse(Exception):
    """A command was asked for what makes no sense; one sentence says what to do."""
