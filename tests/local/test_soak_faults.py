"""The faults of the soak test, as the function would meet them."""

import pytest

from local import server as servers
from local.http import quote, request
from tests.local.calling import answer
from tests.soak.faults import SPELLS

CALLS = {
    "s3": ("get_object", {"Bucket": "b", "Key": "k"}),
    "dynamodb": ("get_item", {"TableName": "t", "Key": {"k": {"S": "v"}}}),
    "sqs": ("list_queues", {}),
}
FUNCTION = ("ASIAFUNCTION", "secret")
"""Keys as a role has them."""

ANSWERS = [
    (spell, service, expected)
    for spell, fault in SPELLS.items()
    for service, expected in fault.answers.items()
]


@pytest.fixture(scope="module")
def unreliable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soak") / "state"
    yield servers.start(folder, app="tests.soak.server")
    servers.stop(folder)


def begin(server, spell: str) -> None:
    assert request("PUT", f"{server.endpoint}/_soak/{quote(spell)}")[0] == 200


@pytest.mark.parametrize(("spell", "service", "expected"), ANSWERS)
def test_a_spell_gives_the_function_alone_the_answers_of_the_table(
    unreliable, spell, service, expected
):
    begin(unreliable, spell)
    operation, arguments = CALLS[service]
    refused = (expected.status, expected.code)
    of_function = unreliable.client(service, *FUNCTION)
    assert answer(getattr(of_function, operation), **arguments) == refused
    of_people = unreliable.client(service)
    assert answer(getattr(of_people, operation), **arguments) != refused


def test_an_edited_policy_refuses_each_key_of_a_deletion(unreliable):
    """Page "DeleteObjects" (Amazon S3 API reference): status 200, and an error for each key."""
    begin(unreliable, "policy edited")
    delete = {"Objects": [{"Key": "a"}, {"Key": "b"}]}
    answered = unreliable.client("s3", *FUNCTION).delete_objects(Bucket="b", Delete=delete)
    assert [error["Code"] for error in answered["Errors"]] == ["AccessDenied"] * 2


def test_a_denied_key_deletes_all_the_same(unreliable):
    begin(unreliable, "key denied")
    s3 = unreliable.client("s3", *FUNCTION)
    assert answer(s3.get_object, Bucket="b", Key="k") == (403, "AccessDenied")
    assert answer(s3.delete_object, Bucket="b", Key="k") != (403, "AccessDenied")
