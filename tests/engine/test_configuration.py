"""A stack's configuration as the CLI writes it, and what a wrong one is answered with."""

import json

import pytest

from tests.engine.support import Failed, Stack


@pytest.fixture
def live(stack) -> Stack:
    return stack("dev")


def environment(live: Stack) -> dict[str, str]:
    """Return the resizer's environment, as the engine has it in its state."""
    (function,) = (
        r
        for r in live.run("export").resources
        if r["urn"].endswith("Function::image-pipeline-dev-resizer")
    )
    return function["inputs"]["environment"]["variables"]


def test_settings_that_the_cli_writes(live):
    """Numbers are quoted in its file, lists are built path by path, and secrets are encrypted."""
    live.run("preview")  # makes the stack
    for arguments in (
        ["memory", "1769"],
        ["--path", "renditions[0].name", "page"],
        ["--path", "renditions[0].width", "700"],
        ["--path", "renditions[0].height", "700"],
        ["--path", "renditions[0].fit", "inside"],
        ["--path", "renditions[0].formats[0]", "webp"],
        ["--path", "renditions[0].quality.target", "75"],
        ["--path", "allowedOrigins[0]", "https://app.example.com"],
        ["--secret", "alarmEmail", "on-call@example.com"],
    ):
        live.cli_run("config", "set", *arguments)
    written = live.config()
    assert written["image-pipeline:memory"] in ("1769", 1769)
    assert set(written["image-pipeline:alarmEmail"]) == {"secure"}
    done = live.run("up")
    made = {step.type for step in done.steps}
    assert "aws:sns/topicSubscription:TopicSubscription" in made
    (rendition,) = json.loads(environment(live)["RENDITIONS"])
    assert (rendition["name"], rendition["width"]) == ("page", 700)
    assert rendition["quality"] == {"target": 75}
    live.run("destroy")


WRONG = {
    "type": ({"memory": "much"}, "memory.*integer"),
    "range": ({"memory": 64}, "memory"),
    "enum": ({"delivery": "ftp"}, "delivery"),
    "pair": ({"encryption": "kms"}, "encryption: kms needs delivery: cdn"),
    "list": ({"renditions": [{"name": "a"}]}, "renditions"),
    "key": ({"memry": 2048}, "memry"),
}
"""By what is wrong: settings, and what the sentence says."""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_answered_with_a_sentence(live, name):
    settings, sentence = WRONG[name]
    live.configure(**settings)
    with pytest.raises(Failed, match=sentence) as told:
        live.run("preview")
    assert "Traceback" not in told.value.args[0]


def test_a_stack_name_that_cannot_be_is_answered_with_a_sentence(stack):
    with pytest.raises(Failed, match="must be lower-case letters") as told:
        stack("Odd_name.1").run("preview")
    assert "Traceback" not in told.value.args[0]
