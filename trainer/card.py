"""The model card of a run."""

from trainer.prepare import Prepared
from trainer.run_checkpoint import Progress, chosen_step
from trainer.run_folder import RunFolder, read_record
from trainer.tiny import NAME


def card_text(run: RunFolder, prepared: Prepared, progress: Progress) -> str:
    """A card as the Hugging Face hub reads it: facts of this run, no claim about its quality."""
    record, recipe, manifest = read_record(run), prepared.recipe, prepared.release.manifest
    features = ", ".join(
        f"{slot} by {table.encoder}" for slot, table in prepared.samples.cache.slots.items()
    )
    if recipe.model.grid:
        features += "; patch grids"
    last = record.sessions[-1]
    lines = [
        "---",
        *([] if recipe.model.llm == NAME else [f"base_model: {recipe.model.llm}"]),
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
        f"- features: {features}; of the samples have it: {prepared.coverage_text}",
        f"- labels: vocabulary {manifest.vocabulary}",
        f"- steps: {progress.step} of {record.steps}, {prepared.plan.per_step} visits each; seed "
        f"{record.seed}, order {record.plan}",
        f"- chosen: {_chosen(progress, prepared)}",
        f"- code: {record.code}, merr {last.packages.get('merr', 'of no package')}",
        f"- environment: Python {last.python}, torch {last.packages.get('torch')}, "
        f"{last.processes} processes, {', '.join(last.devices) or 'CPU'}",
        "",
        "`merr train --from-run FOLDER --out NEW` repeats it.",
        "",
    ]
    return "\n".join(lines)


def _chosen(progress: Progress, prepared: Prepared) -> str:
    step = chosen_step(progress, prepared.recipe.run.choose)
    if progress.best_step is None:
        return f"step {step}, the last; there was nothing to validate with"
    lowest = f"the lowest validation loss was {progress.best_loss:.4f} at {progress.best_step}"
    return f"step {step}, {prepared.recipe.run.choose}; {lowest}"
