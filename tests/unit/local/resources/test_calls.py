"""Calls as data: what is asked, and what of the answer is kept."""

import io
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from local.resources.calls import Call, is_absence


def asked(answer, parameters, path="@", state=None):
    """Return the request that a service gets, and the part of its answer that is returned."""
    seen = {}
    service = SimpleNamespace(get_thing=lambda **given: seen.update(given) or answer)
    context = SimpleNamespace(client={"svc": service}.__getitem__)
    return seen, Call("svc", "get_thing", parameters, path)(context, state or {})


def kept(answer, path="@", state=None):
    return asked(answer, {}, path, state)[1]


def test_parameters_are_filled_from_the_state_at_any_depth():
    parameters = {"Id": "$id", "In": {"Names": ["$name", "All"], "Most": 1}}
    seen, _answer = asked({}, parameters, state={"id": "i-1", "name": "n"})
    assert seen == {"Id": "i-1", "In": {"Names": ["n", "All"], "Most": 1}}


def test_a_state_that_lacks_a_parameter_is_an_error():
    with pytest.raises(KeyError, match="name"):
        asked({}, {"Name": "$name"}, state={"id": "i-1"})


def test_the_path_is_filled_too():
    answer = {"Things": [{"Name": "a", "Size": 1}, {"Name": "b", "Size": 2}]}
    assert kept(answer, "Things[?Name == '$id'] | [0].Size", {"id": "b"}) == 2


@pytest.mark.parametrize(
    "name",
    [
        *("ResponseMetadata", "ETag", "CurrentKeyMaterialId", "creationTime", "storedBytes"),
        *("CalculatedSpend", "StateValue", "StateReason", "NotificationState"),
        "LastProcessingResult",
    ],
)
def test_what_changes_by_itself_is_left_out(name):
    assert kept({"Things": [{name: "x", "Size": 1}], name: {}}) == {"Things": [{"Size": 1}]}


def test_dates_are_left_out():
    assert kept({"Made": datetime(2026, 1, 1, tzinfo=UTC), "Size": 1}) == {"Size": 1}


def test_policies_are_parsed_and_other_text_is_not():
    answer = {"Policy": '{"Version": "2012-10-17"}', "Text": "{no", "Size": "1"}
    assert kept(answer) == {"Policy": {"Version": "2012-10-17"}, "Text": "{no", "Size": "1"}


def test_content_is_hashed():
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert kept({"Body": StreamingBody(io.BytesIO(b"x"), 1)}) == {"Body": digest}


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("NoSuchBucket", True),
        ("ResourceNotFoundException", True),
        ("AWS.SimpleQueueService.NonExistentQueue", True),
        ("404", True),
        ("AccessDenied", False),
        ("BucketNotEmpty", False),
        ("4045", False),
    ],
)
def test_only_absence_is_absence(code, absent):
    assert is_absence(ClientError({"Error": {"Code": code}}, "GetThing")) is absent
