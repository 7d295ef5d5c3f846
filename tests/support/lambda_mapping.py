"""An event source mapping as Lambda answers for it: it takes a while to be enabled or disabled."""

from typing import Any

from tests.support.aws_client import Refusal, aws_client

STABLE = {"Enabling": "Enabled", "Disabling": "Disabled", "Updating": "Enabled"}


class LambdaMapping:
    """One mapping, whose state in transition is answered ``steps`` times.

    An update meanwhile is refused, as AWS documents it (UpdateEventSourceMapping).
    """

    uuid = "a1b2c3d4-5678-90ab-cdef-11111example"

    def __init__(self, state: str = "Disabled", steps: int = 2) -> None:
        self.state, self.updates = state, []
        self._steps = self._left = steps
        answers: dict[str, Any] = {
            "get_event_source_mapping": self._get,
            "update_event_source_mapping": self.update,
        }
        self.client = aws_client("lambda", **answers)

    def settles_to(self, state: str) -> bool:
        """Return True if a mapping in this state is enabled in the end."""
        return STABLE.get(state, state) == "Enabled"

    def _get(self, UUID: str) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        assert self.uuid == UUID
        if self.state in STABLE:
            self._left -= 1
            if self._left < 0:
                self.state = STABLE[self.state]
        return {"UUID": UUID, "State": self.state}

    def update(self, UUID: str, Enabled: bool) -> Any:  # noqa: FBT001, N803
        """Answer a request to enable or disable it."""
        assert self.uuid == UUID
        if self.state in STABLE:
            return Refusal("ResourceInUseException")
        self.updates.append(Enabled)
        self.state, self._left = "Enabling" if Enabled else "Disabling", self._steps
        return {"UUID": UUID, "State": self.state}
