"""AWS answers a receipt handle that is out of date with an error, or not."""

import pytest
from botocore.exceptions import ClientError

from ops import receipts
from tests.support.aws_client import aws_client

ACTIONS = ("delete_message", "change_message_visibility")


def use(code):
    """Delete and give back messages, of which the old one has this error; the requests."""
    handles = ("old", "new")
    used = {action: [] for action in ACTIONS}

    def answered(action):
        def answer(**given):
            used[action].append(given)
            if given["ReceiptHandle"] == "old":
                raise ClientError({"Error": {"Code": code}}, action)
            return {}

        return answer

    sqs = aws_client("sqs", **{action: answered(action) for action in ACTIONS})
    for handle in handles:
        receipts.delete(sqs, "url", handle)
    receipts.give_back(sqs, "url", handles)
    return used


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameterValue",
        "ReceiptHandleIsInvalid",
        "AWS.SimpleQueueService.MessageNotInflight",
    ],
)
def test_an_outdated_handle_is_passed_over(code):
    old, new = ({"QueueUrl": "url", "ReceiptHandle": handle} for handle in ("old", "new"))
    shown = {"VisibilityTimeout": 0}
    assert use(code) == {
        "delete_message": [old, new],
        "change_message_visibility": [old | shown, new | shown],
    }


@pytest.mark.parametrize(
    "use", [receipts.delete, lambda *given: receipts.give_back(*given[:2], given[2:])]
)
def test_any_other_error_is_raised(use):
    def refuse(**_given):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "any")

    sqs = aws_client("sqs", **dict.fromkeys(ACTIONS, refuse))
    with pytest.raises(ClientError):
        use(sqs, "url", "handle")
