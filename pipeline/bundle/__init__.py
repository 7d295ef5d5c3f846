"""The Lambda bundle: ``function/`` and its pinned wheels in one zip, built without Pulumi."""

from pipeline.bundle.archive import MAX_BYTES
from pipeline.bundle.builder import Bundle, build
from pipeline.bundle.target import BundleError, Target

__all__ = ["MAX_BYTES", "Bundle", "BundleError", "Target", "build"]
