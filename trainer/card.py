"""The model card of a run."""

from trainer.checkpoint import Progress
from trainer.prepare import Prepared
from trainer.run_folder import RunFolder, read_record


def card_text(run: RunFolder, prepared: Prepared, progress: Progress) -> str:
    """A card as the Hugging Face hub reads it: facts of this run, no claim about its quality."""
    record, recipe, manifest = read_record(run), prepared.recipe, prepared.release.manifest
    features = ", ".join(
        f"{slot} by {table.encoder}" for slot, table in prepared.samples.cache.slots.items()
    )
    last = record.sessions[-1]
    lines = [
        "---",
        f"base_model: {recipe.model.llm}",
        "tags: [emotion-recognition, multimodal, merr]",
        "---",
        "",
        f"# {recipe.name} on {prepared.release.title}",
        "",
        f"{recipe.about}. Made by `merr train`; nobody has evaluated it yet: `merr evaluate` does.",
        "",
        f"- release: {prepared.release.title}, digest {manifest.digest}, licence of the data: "
        f"{manifest.licence}",
        f"- recipe: `recipe.toml`, sha256 {record.recipe}",
        f"- features: {features or 'none'}{'; patch grids' if recipe.model.grid else ''}",
        f"- labels: vocabulary {manifest.vocabulary}",
        f"- steps: {progress.step} of {record.steps}, {prepared.plan.per_step} visits each; seed "
        f"{record.seed}, order {record.plan}",
        f"- chosen: {_chosen(progress)}",
        f"- code: {record.code}, merr {last.packages.get('merr', 'of no package')}",
        f"- environment: Python {last.python}, torch {last.packages.get('torch')}, "
        f"{last.processes} processes, {', '.join(last.devices) or 'CPU'}",
        "",
        "`merr train --from-run FOLDER --out NEW` repeats it.",
        "",
    ]
    return "\n".join(lines)


def _chosen(progress: Progress) -> str:
    if progress.best_step is None:
        return "the last checkpoint; there was nothing to validate with"
    return f"step {progress.best_step}, validation loss {progress.best_loss:.4f}, the lowest"
