"""The list of rules; tests/infra/test_guardrails.py holds evaluated stacks against each."""

from policy.guardrails import RULES


def test_rules_have_names_of_their_own():
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names)) == 10


def test_every_rule_looks_at_something_and_says_what_it_is():
    assert all(rule.each or rule.whole for rule in RULES)
    assert all(rule.description.endswith(".") for rule in RULES)
