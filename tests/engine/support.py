"""A stack under the real Pulumi engine, in the embedded AWS."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import yaml

from bench.accept.drive import OrderResult
from bench.accept.engine import Changes, Engine, changes
from bench.accept.engine import EngineError as Failed
from local.program import ROOT
from local.provider.service import CODE
from local.server import REGION, ROOT_KEY, Server

__all__ = ["ALL", "HOLDING_DATA", "Changes", "Failed", "Stack", "changes"]

_DEV: Final = ROOT / "Pulumi.dev.yaml"
ALL: Final = os.environ.get("ENGINE") == "all"
"""True to try every stack, which takes about twice as long."""

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
        attached: whether the engine is given a provider that runs, instead of starting the one on
            PATH for each operation, which takes 2 s of CPU.
    """

    server: Server
    cli: Path
    folder: Path
    name: str
    tree: Path = ROOT
    attached: bool = True
    _provider: subprocess.Popen[str] | None = field(default=None, init=False)
    _engine: Engine | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for part in ("bin", "state", "home", "project"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self.install("pulumi-resource-aws", "-m local.provider")
        self.configure()

    @property
    def pipeline(self) -> Path:
        """Folder of the pipeline that the program makes: its own."""
        return self.tree

    @property
    def project(self) -> Path:
        """Folder of the project file and the stack's settings."""
        return self.folder / "project"

    def install(self, name: str, what: str) -> None:
        """Put a program onto the engine's PATH that this Python runs, with our modules."""
        program = self.folder / "bin" / name
        python = f'PYTHONPATH="{ROOT}" exec "{sys.executable}"'
        program.write_text(f'#!/bin/sh\n{python} {what} "$@"\n')
        program.chmod(0o755)

    def configure(self, **settings: Any) -> None:
        """Write the stack's settings: the tree's own, overridden by these."""
        shutil.copy(self.tree / "Pulumi.yaml", self.project)
        path = self.project / f"Pulumi.{self.name}.yaml"
        shipped = self.tree / path.name
        content = yaml.safe_load((shipped if shipped.is_file() else _DEV).read_text())
        kept = yaml.safe_load(path.read_text()) if path.is_file() else {}
        content["config"] |= self.aws()
        for key, value in settings.items():
            if value is None:
                content["config"].pop(f"image-pipeline:{key}", None)
            else:
                content["config"][f"image-pipeline:{key}"] = value
        salt = {k: v for k, v in kept.items() if k != "config"}
        path.write_text(yaml.safe_dump(salt | content))

    def aws(self) -> dict[str, Any]:
        """Return the settings of the provider that lead to the embedded AWS."""
        services = ("s3", "s3control", "sqs", "lambda")
        return {
            "aws:region": REGION,
            "aws:endpoints": [dict.fromkeys(services, self.server.endpoint)],
            "aws:accessKey": ROOT_KEY,
            "aws:secretKey": ROOT_KEY,
        }

    def config(self) -> dict[str, Any]:
        """Return the stack's configuration, as its file has it."""
        return yaml.safe_load((self.project / f"Pulumi.{self.name}.yaml").read_text())["config"]

    def run(self, do: str) -> OrderResult:
        """Have the engine do something: ``preview``, ``up``, ``refresh``, ``destroy``.

        Raises:
            Failed: it could not.
        """
        return (self._engine or self._start()).run(do)

    def move(self, tree: Path) -> None:
        """Take the program and its project file from another folder, and keep the settings."""
        self.close()
        self.tree = tree
        shutil.copy(tree / "Pulumi.yaml", self.project)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that drives."""
        if self._engine:
            self._engine.close()
        if self._provider:
            self._provider.kill()
            self._provider.communicate()
        self._engine = self._provider = None

    def cli_run(self, *arguments: str) -> str:
        """Run the CLI in the project's folder, on this stack, and return what it prints."""
        done = subprocess.run(
            [self.cli / "bin" / "pulumi", *arguments, "--stack", self.name],
            cwd=self.project,
            env=os.environ | self._variables(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _start(self) -> Engine:
        variables = self._variables()
        variables[CODE] = subprocess.run(
            [sys.executable, "-c", _BUNDLE],
            cwd=self.pipeline,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        if self.attached:
            self._provider = subprocess.Popen(
                [self.folder / "bin" / "pulumi-resource-aws"],
                env=os.environ | variables,
                stdout=subprocess.PIPE,
                text=True,
            )
            port = (self._provider.stdout or sys.stdin).readline().strip()
            variables["PULUMI_DEBUG_PROVIDERS"] = f"aws:{port}"
        self._engine = Engine(
            tree=self.tree,
            folder=self.project,
            stack=self.name,
            cli=self.cli,
            variables=variables,
        )
        return self._engine
