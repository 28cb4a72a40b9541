"""`merr export`: a release in the formats of other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pipeline.export_folder import ReleaseRows, write_export
from pipeline.export_merr import write_merr
from pipeline.export_sharegpt import write_sharegpt
from pipeline.release_folder import read_manifest
from pipeline.verify import verify
from schemas.errors import SetupError

_WRITERS: Final[Mapping[str, Callable[[Path, Path], dict[str, Any]]]] = {
    "merr": lambda release, folder: write_merr(ReleaseRows.read(release), folder),
    "sharegpt": write_sharegpt,
}


def export(release: Path, form: str, to: Path) -> str:
    """What was written, in words. SetupError for a release that is not whole."""
    manifest = read_manifest(release)
    faults = verify(release)
    if faults:
        raise SetupError(f"{release}: is not whole, so nothing is exported: {faults[0]}")
    told, new = write_export(manifest, form, to, lambda folder: _WRITERS[form](release, folder))
    verb = "exported" if new else "already exported, nothing to do:"
    name = f"{manifest.name} {manifest.version}"
    return "\n".join([f"{verb} {name} to {to}", *_lines(told)])


def _lines(told: Mapping[str, Any]) -> list[str]:
    counts: dict[str, int] = told.get("counts", {})
    return [f"  {name}: {count}" for name, count in counts.items()]
