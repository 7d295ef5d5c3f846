"""Answers of the cloud and of other stacks, which a test gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.resource import Resource
from pytest_pulumi.values import Properties

Answers = Mapping[str, Any]


def no_outputs(_resource: Resource) -> Answers:
    """Return nothing beside a resource's inputs."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Answers of providers and other stacks.

    Attributes:
        outputs: what a provider adds to a resource's inputs, e.g. ``{"arn": …}``: a function of
            the resource, or outputs by type token (the end of one is enough: ``Bucket``). An
            ``id`` is ``<name>-id`` unless it is among them. In a preview nothing is asked.
        invokes: what functions of providers answer, by token (``aws:index/getRegion:getRegion``)
            or the end of one (``getRegion``): outputs, or a function of the arguments.
        stacks: outputs of the stacks that StackReferences name, by name.
    """

    outputs: Callable[[Resource], Answers] | Mapping[str, Answers] = no_outputs
    invokes: Mapping[str, Answers | Callable[[Properties], Answers]] = field(
        default_factory=dict[str, "Answers | Callable[[Properties], Answers]"]
    )
    stacks: Mapping[str, Answers] = field(default_factory=dict[str, Answers])

    def outputs_of(self, resource: Resource) -> dict[str, Any]:
        """Return what the provider adds to a resource's inputs."""
        if callable(self.outputs):
            return dict(self.outputs(resource))
        made: dict[str, Any] = {}
        for type_, answers in self.outputs.items():
            made |= answers if resource.is_a(type_) else {}
        return made

    def invoke(self, token: str, arguments: Properties) -> Answers:
        """Return what a provider's function answers.

        Raises:
            PulumiTestError: the test does not say.
        """
        for name in (token, token.rpartition(":")[2]):
            if name in self.invokes:
                answer = self.invokes[name]
                return answer(arguments) if callable(answer) else answer
        raise PulumiTestError(
            f"The program calls {token} with {dict(arguments)}, and the test does not say what it "
            f"answers; give Cloud(invokes={{{token!r}: {{…}}}})."
        )

    def outputs_of_stack(self, name: str) -> Answers:
        """Return the outputs of another stack.

        Raises:
            PulumiTestError: the test does not say.
        """
        if name not in self.stacks:
            raise PulumiTestError(
                f"The program reads the stack {name!r}, and the test does not say what its "
                f"outputs are; give Cloud(stacks={{{name!r}: {{…}}}})."
            )
        return self.stacks[name]
