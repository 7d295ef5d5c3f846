"""Hooks of the wheel's build: the URLs, and the Lambda bundles that the wheel carries."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

RUNTIME = "python3.13"
"""Lambda runtime of the bundles, the default of the setting; others are built on first use."""


class Urls(MetadataHookInterface):
    """The project's URLs, below the address that IMAGE_PIPELINE_REPOSITORY names."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add them; a build that is not for publication has none."""
        repository = os.environ.get("IMAGE_PIPELINE_REPOSITORY", "").rstrip("/")
        if repository:
            metadata["urls"] = {
                "Source": repository,
                "Documentation": f"{repository}/blob/main/docs/component.md",
                "Changelog": f"{repository}/blob/main/CHANGELOG.md",
            }


class Bundles(BuildHookInterface[Any]):
    """The Lambda bundles of both functions for both architectures."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build them, or find them in the cache of the checkout."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from pipeline.bundle import Target, build  # noqa: PLC0415 - beside this file's project

        for architecture in ("arm64", "x86_64"):
            for package in ("function", "signer"):
                target = Target.for_lambda(RUNTIME, architecture)
                bundle = build(target, source=root / package)
                for warning in bundle.warnings:
                    self.app.display_warning(warning)
                path = f"image_pipeline/tree/bundles/{bundle.path.name}"
                build_data["force_include"][str(bundle.path)] = path
