"""Encoders of features for `merr doctor` and `merr engines install`: packages, then weights."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from annotators.models.encoder_files import fetch_encoder, missing_extra
from flows.extras import terms_text
from pipeline.feature_sources import files_of, model_of, prefix_of
from pipeline.settings import Settings
from schemas.errors import SetupError
from schemas.features import Slot

SLOT_OF: Final[dict[str, Slot]] = {
    "hubert": "audio",
    "mae": "face",
    "videomae": "motion",
    "eva": "image",
    "clip": "image",
    "siglip": "image",
}
_PACKAGES: Final = ("torch", "transformers")


def encoder_found(engine: str, settings: Settings) -> tuple[str | None, str]:
    """(what is here, None; or None and why not). Weights are looked for, not read."""
    try:
        packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    except PackageNotFoundError:
        return None, "torch and transformers are not installed"
    try:
        files = files_of(settings.features, SLOT_OF[engine], engine, lambda path: "")
    except SetupError as e:
        return None, str(e).partition(";")[0].removeprefix(f"{engine}: ")
    return f"{packages}; {files.name} is here", ""


def encoder_remedy(engine: str) -> str:
    """The one command that comes next."""
    try:
        for name in _PACKAGES:
            version(name)
    except PackageNotFoundError:
        return "pip install -c constraints.txt -e '.[train]'"
    return f"merr engines install {engine}"


def install_encoder(engine: str, settings: Settings) -> str:
    """Fetches the weights that the settings name. SetupError without the packages, or where the
    weights cannot be had."""
    try:
        for name in _PACKAGES:
            version(name)
    except PackageNotFoundError:
        raise SetupError(missing_extra(engine)) from None
    model = model_of(settings.features, SLOT_OF[engine], engine)
    folder = fetch_encoder(model, engine=engine, prefix=prefix_of(engine))
    return f"{terms_text(engine)}{engine}: {model} is in {folder}"
