"""Targets: Lambda's runtimes and architectures, and this machine."""

import pytest

from pipeline.bundle import BundleError, Target
from tests.support.tiny_wheel import THIS_VERSION


@pytest.mark.parametrize("runtime", ["python3.12", "python3.13", "python3.14"])
def test_lambda_targets(runtime):
    target = Target.for_lambda(runtime, "arm64")
    assert target == Target(python=runtime.removeprefix("python"), machine="arm64")


@pytest.mark.parametrize("runtime", ["python3.9", "python3.11", "nodejs22.x", "python3", ""])
def test_runtimes_before_amazon_linux_2023_are_refused(runtime):
    with pytest.raises(BundleError, match=r"set runtime to python3\.12 or later"):
        Target.for_lambda(runtime, "arm64")


def test_unknown_architectures_are_refused():
    with pytest.raises(BundleError, match="must be x86_64 or arm64; got 'aarch64'"):
        Target.for_lambda("python3.13", "aarch64")


@pytest.mark.parametrize(
    ("name", "machine"),
    [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")],
)
def test_the_hosts_target_is_this_interpreter(name, machine, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: name)
    assert Target.host() == Target(python=THIS_VERSION, machine=machine, native=True)


def test_a_host_of_another_architecture_is_refused(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(BundleError, match="this machine is riscv64"):
        Target.host()
