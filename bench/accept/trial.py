"""The steps that a clone goes through, from its first preview until nothing is left of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import pulumi

from bench.accept import cleanup, cloud, denied, first_views, hostile, lazy_formats, storm, uploads
from bench.accept.clone import Clone
from bench.accept.drive import OrderResult
from bench.accept.engine import Engine, changes
from bench.accept.live import Live
from bench.accept.steps import Outcome, Step, StepFailed
from bench.aws import command as aws
from bench.aws.deployed import Deployed
from bench.cost.prices import Prices
from bench.photos import photo_jpeg
from bench.sweep.summary import spent
from bench.sweep.workloads import Workload
from local.photos import sample_photos
from local.program import read_settings
from ops import doctor
from ops.finding import Finding
from ops.stack import Stack
from pipeline.bundle import CACHE
from pipeline.settings import Settings
from terminal import Advance, counted, progress

_STORM_SIZE: Final = (1600, 1200)
"""Width and height of the storm's photo, as a phone's app sends it."""

_RUNS: Final = 5
"""Warm runs of `bench aws`: enough to see that it works, too few for a tail."""


@dataclass(kw_only=True)
class Trial:
    """One run over a clone."""

    clone: Clone
    engine: Engine
    folder: Path  # for the files that are uploaded
    count: int  # uploads whose renditions are compared
    storm: int  # uploads at once
    prices: Prices | None  # the region's price file; None if there is none
    _settings: Settings = field(default_factory=Settings, init=False)
    _outputs: dict[str, str] = field(default_factory=dict[str, str], init=False)

    def steps(self) -> Mapping[str, Step]:
        """Return the steps by name, in their order."""
        return {
            "settings": self._make,
            "preview": self._preview,
            "up": self._up,
            "up again": partial(self._changeless, "up"),
            "refresh": partial(self._changeless, "refresh"),
            "doctor": self._doctor,
            "uploads": self._uploads,
            "denied": lambda: denied.check(self._live),
            "hostile": lambda: hostile.check(self._live, self.folder),
            "storm": self._storm,
            "first views": partial(self._view, first_views.check),
            "lazy formats": partial(self._view, lazy_formats.check),
            "bench aws": self._bench,
            "destroy": self._destroy,
        }

    @property
    def _live(self) -> Live:
        stack = Stack(outputs=self._outputs, client=cloud.clients(self.clone))
        return Live(clone=self.clone, settings=self._settings, stack=stack, prices=self.prices)

    def _make(self) -> Outcome:
        self.clone.write()
        try:
            self._settings = read_settings(self.clone.name)
        except pulumi.RunError as error:
            raise StepFailed(str(error)) from error
        self.engine.run("outputs")
        left_out = self.clone.left_out
        without = f", without {', '.join(left_out)}" if left_out else ""
        return Outcome(detail=f"{self.clone.path.name} written, protect false{without}")

    def _preview(self) -> Outcome:
        counts = self._operate("preview").counts
        if set(counts) != {"create"}:
            raise StepFailed(f"The preview of a new stack does more than create: {counts}.")
        return Outcome(detail=f"{counts['create']} to create")

    def _up(self) -> Outcome:
        made = self._operate("up")
        self._outputs = made.outputs
        return Outcome(detail=f"{made.counts['create']} created")

    def _changeless(self, do: str) -> Outcome:
        found = changes(self._operate(do))
        if found:
            raise StepFailed(f"`pulumi {do}` right after `pulumi up` has changes: {found}.")
        return Outcome(detail="0 changes")

    def _doctor(self) -> Outcome:
        findings = list[Finding]()
        with progress("Examining", len(doctor.CHECKS)) as advance:
            for finding in doctor.examine(self._live.stack):
                findings.append(finding)
                advance(name=finding.check)
        bad = [f"{f.check}: {f.detail}; {f.fix}" for f in findings if f.level == "fail"]
        if bad:
            raise StepFailed("; ".join(bad))
        warned = [finding.check for finding in findings if finding.level == "warn"]
        warnings = f", warnings: {', '.join(warned)}" if warned else ""
        return Outcome(detail=f"{counted(len(findings), 'check')}{warnings}")

    def _uploads(self) -> Outcome:
        photos = sample_photos(CACHE / "photos")
        with progress("Uploading", self.count) as advance:
            return uploads.check(self._live, photos, self.count, advance)

    def _storm(self) -> Outcome:
        with progress("Uploading at once", self.storm) as advance:
            return storm.check(self._live, self._photo(), self.storm, advance)

    def _view(self, check: Callable[[Live, list[Path], Advance], Outcome]) -> Outcome:
        photos = sample_photos(CACHE / "photos")
        with progress("Viewing", len(photos)) as advance:
            return check(self._live, photos, advance)

    def _bench(self) -> Outcome:
        if self.prices is None:
            return Outcome(state="skipped", detail="there are no prices for this region")
        settings, stack = self._settings, self._live.stack
        options = aws.Options(
            stack=self.clone.name,
            memory=(settings.memory,),
            architecture=(Deployed.read(stack).architecture,),
            batch=(settings.batch_size,),
            samples=_RUNS,
        )
        result = aws.measure(stack, Workload("photo", (self._photo(),)), options)
        if not result.complete:
            raise KeyboardInterrupt
        (row,) = result.summary
        if not (result.clean and row.worked):
            left = "" if result.clean else f"; something of {result.function.clone} is left"
            raise StepFailed(f"The measurement ended with {row.outcome}{left}.")
        detail = f"p50 {row.p50_ms:.0f} ms, p95 {row.p95_ms:.0f} ms at {row.setup}, {_RUNS} runs"
        return Outcome(detail=detail, figures=row, usd=spent(result.samples, self.prices))

    def _photo(self) -> Path:
        """Return a photo as a phone's app sends it."""
        photo = self.folder / "storm.jpg"
        photo.write_bytes(photo_jpeg(_STORM_SIZE))
        return photo

    def _destroy(self) -> Outcome:
        tagged = len(cleanup.by_tag(self.clone))
        named = len(cleanup.by_name(self.clone))
        if not tagged:
            raise StepFailed("The tagging API names no resource of the clone, which has many.")
        with progress("Emptying and destroying", None) as advance:
            cleanup.remove(self.clone, self.engine, advance)
        cleanup.check(self.clone)
        before = f"by tag ({tagged} before) and by name ({named} before)"
        return Outcome(detail=f"nothing left, {before}")

    def _operate(self, do: str) -> OrderResult:
        with progress(f"pulumi {do}", None):
            return self.engine.run(do)
