"""eGeMAPSv02 by openSMILE. Its licence covers what it measures: no commercial use without another.

The package is an extra, so it is imported only when this engine is chosen.
"""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.base import AUDIO_HZ
from annotators.egemaps import LEAST_SAMPLES
from schemas.errors import SetupError

PACKAGE: Final = "opensmile"
REQUIREMENT: Final = "opensmile==2.6.0"  # of the extra `egemaps`
INSTALL_COMMAND: Final = "merr engines install egemaps"

# openSMILE's wrapper multiplies by 32768 and casts to 16 bits: full scale would wrap to negative.
_LOUDEST: Final = 32767 / 32768


@dataclass(frozen=True, eq=False)
class OpenSmile:
    """Extracts with one thread, in this process, without files."""

    smile: Any
    name: str  # for Maker.model

    def __call__(self, samples: NDArray[np.float32]) -> dict[str, float]:
        """[N] samples at 16 kHz in -1..1 -> the functionals by openSMILE's names.

        NaN for all where N is below LEAST_SAMPLES.
        """
        names: list[str] = self.smile.feature_names
        if len(samples) < LEAST_SAMPLES:  # the wrapper would warn
            return dict.fromkeys(names, float("nan"))
        values = self.smile(samples.clip(-1, _LOUDEST), AUDIO_HZ)
        return dict(zip(names, map(float, values.ravel()), strict=True))


@cache
def load_egemaps() -> OpenSmile:
    """Raises SetupError where openSMILE is not installed or its library does not load."""
    try:
        import opensmile
    except (ImportError, OSError) as e:
        raise SetupError(
            f"tone engine egemaps: opensmile does not load ({e}); run `{INSTALL_COMMAND}`"
        ) from e
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
        loglevel=0,
        num_workers=1,
    )
    return OpenSmile(smile, name=f"opensmile-{version(PACKAGE)} eGeMAPSv02")


def egemaps_installed() -> str | None:
    """The version that is here, without loading it."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return None
