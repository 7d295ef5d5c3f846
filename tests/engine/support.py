"""A stack under the real Pulumi engine, in the embedded AWS."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import yaml

from bench.accept.engine import Engine, changes
from bench.accept.engine import EngineError as Failed
from local.program import ROOT
from local.provider.service import CODE
from local.server import ROOT_KEY, Server

__all__ = ["HOLDING_DATA", "Failed", "Stack", "changes"]

_DEV: Final = ROOT / "Pulumi.dev.yaml"

HOLDING_DATA: Final = (
    *("aws:s3/bucket:Bucket", "aws:sqs/queue:Queue"),
    *("aws:dynamodb/table:Table", "aws:kms/key:Key"),
)
"""Types of what cannot be made again."""

_BUNDLE: Final = """
from pipeline.bundle import Target, build
print(build(Target.host()).path)
"""


@dataclass
class Stack:
    """One stack of a program.

    Args:
        server: the embedded AWS that it is made in.
        cli: folder of the Pulumi CLI, as the Automation API has it.
        folder: where the engine keeps its state and this stack's settings.
        name: of the stack.
        tree: the program's folder.
    """

    server: Server
    cli: Path
    folder: Path
    name: str
    tree: Path = ROOT
    _engine: Engine | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for part in ("bin", "state", "home", "project"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        provider = self.folder / "bin" / "pulumi-resource-aws"
        provider.write_text(
            f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m local.provider "$@"\n'
        )
        provider.chmod(0o755)
        self.configure()

    @property
    def project(self) -> Path:
        """Folder of the project file and the stack's settings."""
        return self.folder / "project"

    def configure(self, **settings: Any) -> None:
        """Write the stack's settings: those that the tree ships, and these over them."""
        shutil.copy(self.tree / "Pulumi.yaml", self.project)
        path = self.project / f"Pulumi.{self.name}.yaml"
        shipped = self.tree / path.name
        content = yaml.safe_load((shipped if shipped.is_file() else _DEV).read_text())
        kept = yaml.safe_load(path.read_text()) if path.is_file() else {}
        services = ("s3", "s3control", "sqs", "lambda")
        content["config"] |= {
            "aws:endpoints": [dict.fromkeys(services, self.server.endpoint)],
            "aws:accessKey": ROOT_KEY,
            "aws:secretKey": ROOT_KEY,
        }
        for key, value in settings.items():
            if value is None:
                content["config"].pop(f"image-pipeline:{key}", None)
            else:
                content["config"][f"image-pipeline:{key}"] = value
        salt = {k: v for k, v in kept.items() if k != "config"}
        path.write_text(yaml.safe_dump(salt | content))

    def config(self) -> dict[str, Any]:
        """Return the stack's configuration, as its file has it."""
        return yaml.safe_load((self.project / f"Pulumi.{self.name}.yaml").read_text())["config"]

    def run(self, do: str, **options: Any) -> dict[str, Any]:
        """Have the engine do something: ``preview``, ``up``, ``refresh``, ``destroy``.

        Raises:
            Failed: it could not.
        """
        return (self._engine or self._start()).run(do, **options)

    def move(self, tree: Path) -> None:
        """Take the program from another folder from now on."""
        self.close()
        self.tree = tree

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that drives."""
        if self._engine:
            self._engine.close()
            self._engine = None

    def _start(self) -> Engine:
        variables = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        variables[CODE] = subprocess.run(
            [sys.executable, "-c", _BUNDLE],
            cwd=self.tree,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        self._engine = Engine(
            tree=self.tree,
            folder=self.project,
            stack=self.name,
            cli=self.cli,
            variables=variables,
        )
        return self._engine
