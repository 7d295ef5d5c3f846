"""The package under several SDKs, and as others install it: ``nox`` runs all."""

import shutil
from pathlib import Path
from typing import Final

import nox

SDKS: Final = ("3.272", "3.271", "3.270")
"""The SDK's current minor version and the two before it."""

PYTEST: Final = "8.2"
"""The oldest pytest that pyproject.toml allows, which the oldest SDK is tried with."""

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "static-site"


@nox.session
@nox.parametrize("sdk", SDKS)
def tests(session: nox.Session, sdk: str) -> None:
    """Run this package's tests under one version of the SDK; the oldest with the oldest pytest."""
    pytest = [f"pytest=={PYTEST}.*"] if sdk == SDKS[-1] else []
    session.install(".[test]", f"pulumi=={sdk}.*", *pytest)
    session.run("pytest", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build it, check it, and test the example with the wheel alone in an empty environment."""
    dist = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", str(dist))
    session.run("twine", "check", "--strict", *map(str, dist.iterdir()))
    program = dist.parent / "static-site"
    shutil.rmtree(program, ignore_errors=True)
    shutil.copytree(EXAMPLE, program, ignore=shutil.ignore_patterns("__pycache__"))
    empty = dist.parent / "empty"
    session.run("python", "-m", "venv", "--clear", str(empty))
    [built] = dist.glob("*.whl")
    pip = [str(empty / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    session.run(*pip, str(built), "-r", str(program / "requirements.txt"), external=True)
    session.chdir(program)
    session.run(str(empty / "bin" / "python"), "-m", "pytest", external=True)
