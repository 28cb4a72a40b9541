"""What `merr train` and `python -m trainer` do with their options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import SetupError
from trainer.foresee import foresee, foreseen_text
from trainer.presets import with_preset
from trainer.recipe import Recipe
from trainer.recipe_file import load_recipe
from trainer.release import open_release
from trainer.run_folder import RunFolder, read_record
from trainer.train import Request, train


@dataclass(frozen=True)
class Wanted:
    """As given on the command line; None: not given."""

    release: Path | None = None
    recipe: str | None = None
    out: Path | None = None
    assignments: Sequence[str] = ()
    from_run: Path | None = None
    preset: str | None = None
    cache: Path | None = None
    grid: Path | None = None
    dry_run: bool = False


def run(wanted: Wanted, say: Callable[[str], None]) -> None:
    request = request_of(wanted)
    if wanted.dry_run:
        say(foreseen_text(foresee(request)))
    else:
        train(request, say)


def request_of(wanted: Wanted) -> Request:
    """SetupError where options are missing or contradict each other."""
    if wanted.out is None:
        raise SetupError("--out is missing: the folder of the run")
    release, recipe, grid = _given(wanted)
    return Request(
        release=release,
        recipe=recipe if wanted.preset is None else with_preset(recipe, wanted.preset),
        out=wanted.out,
        cache=wanted.cache or wanted.out.absolute().parent / "cache",
        grid=wanted.grid or grid,
    )


def _given(wanted: Wanted) -> tuple[Path, Recipe, Path | None]:
    if wanted.from_run is not None:
        return _repeated(wanted, wanted.from_run)
    if wanted.release is None or wanted.recipe is None:
        raise SetupError("give a release and a --recipe, or --from-run with the folder of a run")
    return wanted.release, load_recipe(wanted.recipe, wanted.assignments), None


def _repeated(wanted: Wanted, folder: Path) -> tuple[Path, Recipe, Path | None]:
    """Release and recipe of another run. SetupError where the release is another by now."""
    if wanted.recipe is not None:
        raise SetupError("--from-run repeats the recipe of that run: leave --recipe out")
    run = RunFolder(folder)
    record = read_record(run)
    release = wanted.release or Path(record.release)
    digest = open_release(release).manifest.digest
    if digest != record.release_digest:
        raise SetupError(
            f"{release}: has the digest {digest[:12]}, the run {folder} was made from "
            f"{record.release_digest[:12]} ({record.release_name}); give that release"
        )
    recipe = load_recipe(str(run.recipe), wanted.assignments)
    return release, recipe, None if record.grid is None else Path(record.grid)
