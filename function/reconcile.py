"""The newest upload of a key wins: a key's events, in any order, end in what the key holds now.

A process may die anywhere, and others may be at work on the same key. ``Reconciler`` acts on what
``decide`` says until the key and the destination agree. Four rules make that safe:

* A manifest is replaced or deleted only if it is still the one that was read (a conditional write),
  and it was read before the key was looked up. So no invocation writes anything older than it read.
* After a write, the invocation reads the key again: the upload may have been removed meanwhile.
* Lazy renditions come and go while a manifest stands (``first_view.py``), and it lists the ones
  that may have a file. Files of another version are deleted before a manifest is replaced, and
  again by the check below. Some time later, once first views of the old version have ended, the
  key is checked again (``Manifest.look_again``).
* After replacing a manifest, it checks the renditions. Renditions are written without a condition,
  so an invocation that lost may have overwritten them. If an invocation dies, its event is
  delivered again, and the next one checks them then.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from function.contention import Contended, back_off
from function.contract import Status
from function.contract.keys import MAX_KEY_BYTES, PREFIXES, manifest_key, upload_name
from function.decision import State, Step, Write, decide
from function.destination_keys import DestinationKeys, fits
from function.engine.record import Record
from function.environment import Environment
from function.events import Event, EventKind
from function.manifest import Manifest
from function.observe import Observer, is_of
from function.process import Engine, Processor
from function.steps import Abandoned, StepRunner
from function.storage.bucket import Bucket
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates
    from function.holder import Holder
    from function.rejections import Rejections

MAX_ROUNDS: Final = 16
"""Decisions about one event before SQS delivers it again. Seven are enough without contention."""


class KeyTooLong(Exception):
    """A manifest's key would be longer than S3 allows, so nothing can be told of the upload."""


class Reconciler(Record):
    """Makes the destination agree with the version that a key of the source bucket holds."""

    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions and manifests
    files: tuple[str, ...]  # file names of all renditions that this stack makes of an upload
    processor: Processor  # writes a version's renditions and returns its manifest
    # Index to keep up to date; None where the stack does not look for duplicates.
    duplicates: "Duplicates | None" = None
    # Tags rejected uploads; None where they do not expire.
    rejections: "Rejections | None" = None
    # File names of those renditions that are made when they are first viewed.
    lazy_files: tuple[str, ...] = ()
    # Waits after a lost conditional write, given the number of the round.
    back_off: Callable[[int], None] = back_off
    prefixes: tuple[str, ...] = PREFIXES  # of the uploads, the one of new uploads first
    # Holds uploads for a moderator, and knows what was decided.
    holder: "Holder | None" = None

    @classmethod
    def build(
        cls,
        environment: Environment,
        source: Bucket,
        destination: Bucket,
        engine: Engine,
        duplicates: "Duplicates | None" = None,
        *,
        rejections: "Rejections | None" = None,
        holder: "Holder | None" = None,
    ) -> "Reconciler":
        """Build the reconciler of a stack, which renders by ``Processor``."""
        processor = Processor(environment, source, destination, engine, duplicates)
        return cls(
            source,
            destination,
            environment.files,
            processor,
            duplicates,
            rejections,
            environment.lazy_files,
            prefixes=environment.upload_prefixes,
            holder=holder,
        )

    def reconcile(self, event: Event, *, is_last: bool = False) -> Manifest | None:
        """Process one event, however often, late or early it comes.

        ``is_last`` says that SQS will not deliver it again. Then a decoder's bug is recorded in a
        manifest, so that the uploader gets an answer, before it is raised.

        Returns:
            The manifest that was written, with status ``deleted`` where everything was removed;
            None if the destination was up to date.

        Raises:
            KeyTooLong: the key is so long that S3 could not store its manifest.
            Gone: the event's version no longer exists, and there was nothing to do about it.
            Contended: other invocations kept writing the same key.
            DecoderBug: the engine failed in a way that damaged files do not explain. It is
                ``Abandoned`` if a manifest records it.
            Exception: a failure of ours; the caller lets SQS deliver the event again. No manifest
                names the objects written by then, and the next delivery writes them again.
        """
        key = manifest_key(upload_name(event.version.key, self.prefixes))
        if not fits(key):
            raise KeyTooLong(f"{key} has over {MAX_KEY_BYTES} bytes")
        delivered, gone = event, self._take_decision(event)
        written: Manifest | None = None
        state: State | None = None
        new = event.version if event.kind == EventKind.CREATED else None
        for attempt in range(1, MAX_ROUNDS + 1):
            event, state, new = (event, state, new) if state else self._observer.observe(event, new)
            step = decide(event, state, holds=self._holds)
            if step is Step.SKIP:
                if self._follow(state.standing, new) or self._ask(state.standing):
                    # Another invocation may have replaced the manifest before the tag was set, or
                    # the moderator has decided at once.
                    state = None
                    continue
                self._take_down(delivered, state.standing)
                if gone and not written:
                    raise gone
                return written
            if step is Step.REPAIR:
                state = self._steps.repair(event, state)
                continue
            try:
                done, state = self._carry_out(event, step, state, is_last=is_last)
                written = _latest(written, done)
            except Gone as error:
                gone, state = error, None
            except Conflict:
                state = None
                self.back_off(attempt)
                continue
            # From now on the event is only a reason to look at the key.
            event = event.replace(kind=EventKind.CHANGED)
        raise Contended(event.version.key)

    def _carry_out(
        self, event: Event, step: Write | Step, state: State, *, is_last: bool
    ) -> tuple[Manifest | None, State | None]:
        """Write or remove; return the manifest written, and the state after it, if known."""
        if isinstance(step, Step):
            return self._steps.remove(event, state)
        try:
            return self._steps.write(event, step, state, is_last=is_last)
        except Abandoned as error:
            self._follow(error.manifest, new=None)
            raise

    @property
    def _observer(self) -> Observer:
        """Reads the state of a key."""
        return Observer(self.source, self.destination, self.prefixes, self.holder)

    @property
    def _steps(self) -> StepRunner:
        """Carries out what is decided."""
        moderation = self.holder.moderation if self.holder else None
        return StepRunner(
            self.source,
            self.destination,
            self._observer,
            DestinationKeys(self.files, self.lazy_files, moderation),
            self.processor,
            self.duplicates,
            self.holder,
        )

    def _take_decision(self, event: Event) -> Gone | None:
        """Record a moderator's decision, if the event is one, before anything follows from it.

        Of a version that is gone only the CDN may still have something.
        """
        if event.decision and self.holder:
            try:
                self.holder.take(event.version, event.decision)
            except Gone as error:
                return error
        return None

    def _take_down(self, event: Event, standing: Manifest | None) -> None:
        """Have the CDN forget what a moderator rejected, once the event is carried out."""
        if self.holder:
            self.holder.take_down(event, standing)

    @property
    def _holds(self) -> bool:
        """True if every upload waits for a moderator."""
        return self.holder is not None and self.holder.moderation.holds

    def _ask(self, standing: Manifest | None) -> bool:
        """Have a moderator asked about an upload that waits; return True if they have decided."""
        if not self.holder or not standing or standing.status != Status.HELD:
            return False
        return self.holder.moderation.ask_about(standing)

    def _follow(self, manifest: Manifest | None, new: ObjectVersion | None) -> bool:
        """Make an upload's tag agree with its manifest; return True if it did not agree.

        A ``new`` upload that was not rejected costs no request.
        """
        if not self.rejections or not manifest:
            return False
        if not manifest.source.key.startswith(self.prefixes):
            return False
        if manifest.status != Status.REJECTED and is_of(manifest, new):
            return False
        return self.rejections.follow(manifest)


def _latest(before: Manifest | None, written: Manifest | None) -> Manifest | None:
    """Return the manifest written last; a second check that is due stays due."""
    if before and written and before.look_again:
        return written.replace(look_again=True)
    return written or before
