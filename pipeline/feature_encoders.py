"""From a source of features to the encoder itself: the one place that loads them."""

from collections.abc import Callable
from typing import Final

from annotators.feature_settings import FeatureSettings
from annotators.features import Encode
from annotators.models.encoder_clip import load_clip, load_siglip
from annotators.models.encoder_eva import load_eva
from annotators.models.encoder_files import DigestOf, EncoderFiles
from annotators.models.encoder_hubert import load_hubert
from annotators.models.encoder_mae import load_mae
from annotators.models.encoder_torch import Runtime
from annotators.models.encoder_videomae import load_videomae
from pipeline.feature_sources import FeatureSource, files_of

Load = Callable[[EncoderFiles, Runtime, FeatureSource], Encode]

_LOAD: Final[dict[str, Load]] = {
    "hubert": lambda files, run, s: load_hubert(files, run, keep_frames=s.frame_level),
    "mae": lambda files, run, s: load_mae(files, run, keep_frames=s.frame_level),
    "videomae": lambda files, run, s: load_videomae(files, run, keep_frames=s.frame_level),
    "eva": lambda files, run, s: load_eva(files, run, grid=s.grid),
    "clip": lambda files, run, _: load_clip(files, run),
    "siglip": lambda files, run, _: load_siglip(files, run),
}


def load_encoder(source: FeatureSource, settings: FeatureSettings, digest_of: DigestOf) -> Encode:
    """Raises SetupError where its files, packages or device are not here."""
    files = files_of(settings, source.slot, source.engine, digest_of)
    run = Runtime(source.engine, settings.device, settings.numbers, settings.batch)
    return _LOAD[source.engine](files, run, source)
