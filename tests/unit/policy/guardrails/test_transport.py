"""Inputs that a preview does not know; tests/infra/test_guardrails.py has all rules on stacks."""

import pytest

from policy.guardrails import Resource
from policy.guardrails.resource import UNKNOWN
from policy.guardrails.transport import BUCKET_ENCRYPTION, weak_algorithm


@pytest.mark.parametrize(
    "rules",
    [
        UNKNOWN,
        [UNKNOWN],
        [{"applyServerSideEncryptionByDefault": UNKNOWN}],
        [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": UNKNOWN}}],
    ],
)
def test_an_algorithm_that_is_not_known_yet_is_not_weak(rules):
    encryption = Resource(urn="e", type=BUCKET_ENCRYPTION, name="e", inputs={"rules": rules})
    assert list(weak_algorithm(encryption)) == []
