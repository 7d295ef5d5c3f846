"""The wheel as it is published, and as others install it: ``nox`` runs all."""

import shutil
import sys
from pathlib import Path
from typing import Final

import nox

ROOT: Final = Path(__file__).parents[2]
REPOSITORY: Final = "https://example.com/image-pipeline"


@nox.session
def wheel(session: nox.Session) -> None:
    """Build it, check it, and try its programs in an empty environment."""
    dist = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.install("build", "twine", "pytest")
    build = ["python", "-m", "build", "--wheel", "--outdir", str(dist), str(ROOT)]
    session.run(*build, env={"IMAGE_PIPELINE_REPOSITORY": REPOSITORY})
    [built] = dist.glob("*.whl")
    session.run("twine", "check", "--strict", str(built))
    empty = dist.parent / "empty"
    session.run(sys.executable, "-m", "venv", "--clear", str(empty), external=True)
    pip = [str(empty / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    session.run(*pip, str(built), external=True)
    tests = str(ROOT / "packages" / "component" / "tests")
    where = {"WHEEL": str(built), "EMPTY": str(empty), "REPOSITORY": REPOSITORY}
    session.run("pytest", "-q", "-c", "/dev/null", "--rootdir", tests, tests, env=where)
    session.run(*pip, f"{built}[local]", external=True)
    program = str(empty / "bin" / "image-pipeline")
    folder = {"IMAGE_PIPELINE_LOCAL": str(dist.parent / "local")}
    try:
        session.run(program, "local", "up", env=folder, external=True)
        photo = str(ROOT / "docs" / "page.webp")
        session.run(program, "local", "put", photo, env=folder, external=True)
        session.run(program, "ops", "doctor", "--stack", "local", env=folder, external=True)
    finally:
        session.run(program, "local", "down", env=folder, external=True)
