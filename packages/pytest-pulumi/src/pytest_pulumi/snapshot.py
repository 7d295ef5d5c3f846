"""A snapshot of the URNs of resources with data, so that none is lost unnoticed.

A resource whose URN changes without an alias is deleted and made anew, with nothing in it; so is
one that leaves the program. The file has one URN a line, sorted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from pytest_pulumi import urns
from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.program import Program, Wanted
from pytest_pulumi.resource import Resource, token_of

DATA_TYPES: Final = (
    "*:*Bucket", "*:BucketV2", "*:BucketObject*", "*:*Table", "*:*Key", "*:KeyRing", "*:Keyspace",
    "*:*Queue", "*:*Topic", "*:*Stream", "*:Database*", "*:*Database", "*:*Dataset", "*:Ledger",
    "*:D?Instance", "*:D?Cluster", "*rds/*:Instance", "*:rds/*Cluster", "*:docdb/*Cluster",
    "*:neptune/*Cluster", "*:redshift[/:]*Cluster", "*:dsql[/:]*Cluster", "*:memorydb[/:]*Cluster",
    "*:elasticache/*:Cluster", "*:ReplicationGroup", "*:ServerlessCache", "*:msk[/:]*Cluster",
    "*:alloydb/*Cluster", "*:spanner/*Instance", "*:bigtable/*Instance", "*:filestore/*Instance",
    "*:redis/*Instance", "*:sql:*Server", "*:dbfor*:*Server", "*:Redis", "*:ServerlessCollection",
    "*:*Volume", "*:*FileSystem", "*:*Disk", "*:Repository", "*:UserPool", "*:StorageAccount",
    "*:BlobContainer", "*:FileShare", "*:Account", "*:*Vault", "*:Secret", "*:PersistentVolume*",
    "*:StatefulSet", "*:Domain", "*:*Zone", "*:LogGroup",
)  # fmt: skip
"""Types whose resources hold data, or names and keys that others hold; as of AWS, Azure, Google
Cloud and Kubernetes. A test may name others."""


@dataclass(frozen=True)
class Comparison:
    """The differences between a program's resources and a snapshot."""

    lost: tuple[str, ...]
    added: tuple[str, ...]


class Snapshot:
    """Compares programs with files beside the tests.

    Args:
        folder: where the files are.
        update: write them instead of comparing.
    """

    def __init__(self, folder: Path, *, update: bool, prefix: str = "") -> None:
        self.written: list[Path] = []
        self._folder, self._update, self._prefix = folder, update, prefix

    def check(
        self, program: Program[Any], name: str, *, types: Sequence[Wanted] = DATA_TYPES
    ) -> None:
        """Assert that no resource with data vanishes or is renamed without an alias.

        Args:
            program: evaluated program.
            name: of the file, e.g. that of the stack.
            types: classes, or type tokens with ``*``; resources of other types, and resources that
                the program only reads, may come and go.

        Raises:
            AssertionError: a resource is lost, or is new and not in the file yet.
            PulumiTestError: the program has no resource of these types.
        """
        made = [r for r in program.resources if r.custom and not r.read]
        held = {r.urn: r.aliases for r in made if _is_of(r, types)}
        path = self._folder / f"{self._prefix}{name}.urns"
        if not held:
            raise PulumiTestError(
                f"The program has no resource of the types with data, so the snapshot {path.name} "
                f"would protect nothing; name the types: types=['*:Bucket', …].\n\n{program.tree}"
            )
        if self._update:
            self._write(path, held)
            return
        if not path.is_file():
            raise AssertionError(
                f"There is no snapshot {path} yet; write it with `pytest --pulumi-update`, read "
                f"it, and commit it."
            )
        compared = compare(filter(None, path.read_text("utf-8").splitlines()), held)
        if compared.lost or compared.added:
            raise AssertionError(_explain(path, compared, program))

    def _write(self, path: Path, held: Iterable[str]) -> None:
        text = "".join(f"{urn}\n" for urn in sorted(held))
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
            self.written.append(path)


def compare(before: Iterable[str], now: dict[str, tuple[str, ...]]) -> Comparison:
    """Compare URNs of a snapshot with those of a program, by URN with their aliases.

    A resource is the same when its URN is, or else the first of its aliases, the URN of before. Of
    several old ones it takes over one alone, as in the engine (``step_generator.go``); the others
    are lost.
    """
    known = set(before)
    former = {
        urn: next((name for name in (urn, *aliases) if name in known), None)
        for urn, aliases in now.items()
    }
    added = [urn for urn, name in former.items() if name is None]
    return Comparison(tuple(sorted(known - set(former.values()))), tuple(sorted(added)))


def _is_of(resource: Resource, types: Sequence[Wanted]) -> bool:
    return any(fnmatchcase(resource.type, token_of(type_)) for type_ in types)


def _explain(path: Path, compared: Comparison, program: Program[Any]) -> str:
    lines: list[str] = []
    if compared.lost:
        lines += ["`pulumi up` would delete resources with data:"]
    for urn in compared.lost:
        lines += [f"  - {urn}"]
        lines += [
            f"  + {new}\n      {_advice(urn, new)}" for new in _successors(urn, compared.added)
        ]
    renamed = {new for urn in compared.lost for new in _successors(urn, compared.added)}
    new = [urn for urn in compared.added if urn not in renamed]
    if new:
        lines += ["Resources with data are new, and not protected until they are in the snapshot:"]
        lines += [f"  + {urn}" for urn in new]
    lines += [f"If this is meant, `pytest --pulumi-update` writes {path}.", "", program.tree]
    return "\n".join(lines)


def _successors(lost: str, added: Sequence[str]) -> list[str]:
    """Return the new resource that a lost one was probably renamed to."""
    same_type = [urn for urn in added if urns.type_of(urn) == urns.type_of(lost)]
    if len(same_type) == 1:
        return same_type
    same_name = [urn for urn in added if urns.name_of(urn) == urns.name_of(lost)]
    return same_name[:1] or get_close_matches(lost, same_type, n=1)


def _advice(old: str, new: str) -> str:
    if urns.name_of(old) != urns.name_of(new) and urns.type_of(old) == urns.type_of(new):
        alias = f'pulumi.Alias(name="{urns.name_of(old)}")'
    else:
        alias = f'"{old}"'
    return f"renamed? give it opts=pulumi.ResourceOptions(aliases=[{alias}])"
