"""The Lambda bundle: ``function/`` and its pinned wheels in one zip, built without Pulumi."""

from pipeline.bundle.archive import MAX_BYTES
from pipeline.bundle.builder import CACHE, Bundle, build
from pipeline.bundle.target import BundleError, Target

__all__ = ["CACHE", "MAX_BYTES", "Bundle", "BundleError", "Target", "build"]
