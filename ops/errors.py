"""What goes wrong here is told to an operator in one sentence."""


class OpsError(Exception):
    """A failure whose message says what to do."""
