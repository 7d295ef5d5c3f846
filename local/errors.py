"""What goes wrong here is told to a person in one sentence."""


class LocalError(Exception):
    """A failure of the embedded AWS or its deployment; the message says what to do."""
