from policy.guardrails import Resource, Rule, violations

QUEUE, BUCKET = "aws:sqs/queue:Queue", "aws:s3/bucket:Bucket"


def resource(type_, name):
    return Resource(urn=f"urn:{name}", type=type_, name=name, inputs={})


def each(_resource):
    yield "it is short; make it longer."


def whole(resources):
    yield resources[-1], "it is last; put another behind it."


RULE = Rule(name="length", description="Long.", each={QUEUE: each}, whole=whole)


def test_a_resource_is_checked_by_what_is_said_of_its_type():
    assert list(RULE.check(resource(QUEUE, "q"))) == [f"q ({QUEUE}): it is short; make it longer."]
    assert list(RULE.check(resource(BUCKET, "b"))) == []


def test_a_violation_names_the_rule_the_resource_and_the_fix():
    resources = [resource(QUEUE, "q"), resource(BUCKET, "b")]
    alone = Rule(name="alone", description="Alone.", each={BUCKET: each})
    assert violations([RULE, alone], resources) == [
        f"length: q ({QUEUE}): it is short; make it longer.",
        f"length: b ({BUCKET}): it is last; put another behind it.",
        f"alone: b ({BUCKET}): it is short; make it longer.",
    ]
