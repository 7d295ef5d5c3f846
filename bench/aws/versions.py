"""Versions of a clone, one for each memory and batch size: each starts cold, all run at once."""

from collections.abc import Callable, Iterable

from bench.aws.clone import Clone
from bench.aws.deployed import Deployed
from bench.sweep.results import Setup


def publish(
    clone: Clone, deployed: Deployed, setups: Iterable[Setup], advance: Callable[[], None]
) -> dict[Setup, str]:
    """Publish a version of a clone's functions for each setup; return setup -> version.

    ``advance`` is called after each. A deleted function's versions are deleted with it.
    """
    lambda_, versions = clone.stack.client("lambda"), dict[Setup, str]()
    for setup in setups:
        name = clone.function(setup.architecture)
        variables = deployed.variables_for(clone.destination, setup.batch_size)
        lambda_.update_function_configuration(
            FunctionName=name,
            MemorySize=setup.memory_mb,
            Timeout=deployed.timeout_for(setup.batch_size),
            Environment={"Variables": variables},
        )
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
        answer = lambda_.publish_version(FunctionName=name, Description=f"bench aws: {setup}")
        versions[setup] = str(answer["Version"])
        waiter = lambda_.get_waiter("published_version_active")
        waiter.wait(FunctionName=name, Qualifier=versions[setup])
        advance()
    return versions
