"""The books of what was imported: entries of every file, clips by name, and what became of them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from pipeline.imports import Imports
from schemas.merr import ImportedFile


@dataclass(frozen=True)
class ImportBooks:
    """clips == coarse + rejected, always; of the clips with a coarse row some have a fine one."""

    files: tuple[ImportedFile, ...]
    coarse: int
    fine: int
    rejected: Counter[str]  # clips by rule
    without_fine: Counter[str]  # fine entries that gave no sample, by rule
    flags: Counter[str]  # of coarse and fine rows

    @property
    def clips(self) -> int:
        return self.coarse + self.rejected.total()

    @classmethod
    def of(cls, imports: Imports) -> Self | None:
        """None where nothing was imported."""
        if not imports.files:
            return None
        flags = [row.flags for row in imports.coarse] + [row.flags for row in imports.fine]
        return cls(
            files=imports.files,
            coarse=len(imports.coarse),
            fine=len(imports.fine),
            rejected=Counter(o.rule for o in imports.rejected),
            without_fine=Counter(o.rule for o in imports.without_fine),
            flags=Counter(flag for told in flags for flag in told if flag != "imported"),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "files": [file.model_dump(mode="json") for file in self.files],
            "clips": self.clips,
            "coarse": self.coarse,
            "fine": self.fine,
            "rejected": dict(sorted(self.rejected.items())),
            "without_fine": dict(sorted(self.without_fine.items())),
            "flags": dict(sorted(self.flags.items())),
        }
