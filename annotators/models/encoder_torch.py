"""What the encoders that torch runs have in common: where they run, and loading that is whole."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from annotators.models.encoder_files import EncoderFiles, missing_extra
from schemas.errors import SetupError

T = TypeVar("T")

# A weight that only training reads, and a table that is made when the model is built.
_UNUSED: Final = ("masked_spec_embed", "position_ids")


@dataclass(frozen=True)
class Runtime:
    """Where and in which numbers an encoder computes."""

    engine: str  # for messages
    device: str = "cpu"
    numbers: str = "float32"
    batch: int = 16  # clips at once

    def check(self) -> None:
        """SetupError without the packages, or without the device."""
        try:
            import torch
            import transformers
        except ImportError as e:
            raise SetupError(missing_extra(self.engine)) from e
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        if self.device == "cuda" and not torch.cuda.is_available():
            raise SetupError(
                f"{self.engine}: features.device is cuda, and torch finds no such device; set it "
                "to cpu, or install a torch that was built for CUDA"
            )

    @property
    def dtype(self) -> Any:
        import torch

        return getattr(torch, self.numbers)

    def tensor(self, values: NDArray[Any]) -> Any:
        """On the device; floats in the encoder's numbers."""
        import torch

        tensor = torch.from_numpy(values).to(self.device)
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor


def load_pretrained(model_class: Any, files: EncoderFiles, runtime: Runtime) -> Any:
    """The model, ready to be asked. SetupError where a weight is missing: transformers would make
    one up at random, with no more than a warning."""
    try:
        model, told = model_class.from_pretrained(
            str(files.folder),
            dtype=runtime.dtype,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as e:
        raise SetupError(
            f"{runtime.engine}: {files.name} does not load as {model_class.__name__}: "
            f"{str(e).splitlines()[0]}"
        ) from e
    missing = sorted(name for name in told["missing_keys"] if not is_unused(name))
    if missing:
        raise SetupError(
            f"{runtime.engine}: {files.name} lacks {len(missing)} weights of a "
            f"{model_class.__name__}, e.g. {missing[0]}; take a model of that kind"
        )
    return model.to(runtime.device).eval()


def is_unused(name: str) -> bool:
    return any(part in name for part in _UNUSED)


def load_processor(processor_class: Any, files: EncoderFiles, engine: str) -> Any:
    try:
        return processor_class.from_pretrained(str(files.folder), local_files_only=True)
    except (OSError, ValueError) as e:
        raise SetupError(
            f"{engine}: {files.name}: its preprocessor_config.json does not load: "
            f"{str(e).splitlines()[0]}"
        ) from e


@contextmanager
def computing(engine: str) -> Iterator[None]:
    """No gradients. SetupError where the memory of the device does not suffice."""
    import torch

    try:
        with torch.inference_mode():
            yield
    except torch.OutOfMemoryError as e:
        raise SetupError(
            f"{engine}: the device has not enough memory; set features.batch to fewer clips"
        ) from e


def to_numpy(tensor: Any) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.float().cpu().numpy()
    return values


def as_pictures(frames: Sequence[NDArray[np.uint8]]) -> list[Any]:
    """[H, W, 3] RGB each. As arrays, the processors would have to guess which axis is colour."""
    from PIL import Image

    return [Image.fromarray(frame) for frame in frames]


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))
