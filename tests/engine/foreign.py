"""Stacks of programs that are not ours: they make the component, by its provider on the PATH."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from local.program import ROOT
from local.provider.service import CODE
from pipeline.bundle import Target, build
from tests.engine.support import Stack

PLUGIN: Final = ROOT / "packages" / "component"
SECONDS: Final = 300


@dataclass
class Foreign(Stack):
    """A stack of another project; ``tree`` is its folder, ``sdks`` those of the component.

    The engine starts the component's provider for each operation.
    """

    sdks: Path = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.install("pulumi-resource-image-pipeline", f'"{PLUGIN}"')

    @property
    def pipeline(self) -> Path:
        """Folder of the pipeline that the program makes: ours."""
        return ROOT

    def configure(self, **settings: Any) -> None:
        """Write the stack's settings, which only lead to the embedded AWS, and these."""
        shutil.copy(self.tree / "Pulumi.yaml", self.project)
        path = self.project / f"Pulumi.{self.name}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.is_file() else {}
        path.write_text(yaml.safe_dump(kept | {"config": self.aws() | settings}))

    def _variables(self) -> dict[str, str]:
        return super()._variables() | {"PYTHONPATH": str(self.sdks / "site")}


class YamlProgram(Foreign):
    """A stack of a program in YAML, which the CLI alone can run."""

    def pulumi(self, *arguments: str) -> str:
        """Run the CLI in the project's folder and return all that it prints.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        done = subprocess.run(
            [self.cli / "bin" / "pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.project,
            env=os.environ | self._variables() | {CODE: str(build(Target.host()).path)},
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        return done.stdout

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        return json.loads(self.cli_run("stack", "output", "--json"))

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources as the engine's state has them."""
        return json.loads(self.cli_run("stack", "export"))["deployment"]["resources"]
