"""The wheel asks for the versions with which the project is tested."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IN_FILES = ("requirements.in", "function/requirements.in", "signer/requirements.in")


def pins(text: str) -> dict[str, str]:
    """Return the packages that a text pins, and their versions."""
    return dict(re.findall(r"^([\w-]+)(?:\[.*\])?==([\w.]+)", text, re.MULTILINE))


def asked() -> list[str]:
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]


def test_what_is_pinned_is_what_is_tested():
    of_the_wheel = pins("\n".join(asked()))
    tested = {}
    for name in (*IN_FILES, "requirements-dev.in"):
        tested |= pins((ROOT / name).read_text())
    assert of_the_wheel.items() <= tested.items()
    for name in IN_FILES[1:]:
        assert pins((ROOT / name).read_text()).items() <= of_the_wheel.items(), name


def test_ranges_start_at_what_is_tested():
    tested = pins((ROOT / "requirements.in").read_text())
    for name in ("pulumi", "pulumi-aws"):
        (range_,) = (one for one in asked() if one.startswith(f"{name}>="))
        least = range_.removeprefix(f"{name}>=").partition(",")[0]
        assert tested[name].startswith(least), name


def test_the_build_has_the_compiler_of_the_project():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    tested = pins((ROOT / "requirements.in").read_text())
    assert {"ziglang": tested["ziglang"], "pyelftools": tested["pyelftools"]} == pins(
        "\n".join(build)
    )


def test_the_plugin_gets_the_packages_of_the_program():
    """`pulumi package add` fetches the whole repository, and installs this file."""
    plugin = ROOT / "packages" / "component"
    (line,) = re.findall(r"^-r (.+)$", (plugin / "requirements.txt").read_text(), re.MULTILINE)
    assert (plugin / line).resolve() == ROOT / "requirements.txt"
    assert (plugin / "PulumiPlugin.yaml").read_text() == "runtime: python\n"
    assert not (plugin / "pyproject.toml").exists()
