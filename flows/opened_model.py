"""A trained model, opened on the best device here, and how it is named in results."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.evaluating import folder_digest
from trainer.evaluation import ModelUse

if TYPE_CHECKING:  # they load torch
    from trainer.answering import How
    from trainer.open_model import TrainedModel


_DECIDE: Final = ("merr", "torch", "transformers", "peft")


@dataclass(frozen=True)
class OpenedModel:
    trained: "TrainedModel"
    folder: Path
    digest: str  # sha256 over its files
    device: str
    base_files: tuple[tuple[str, int, int], ...] = ()  # name, bytes, time of change

    def use(self, how: "How") -> ModelUse:
        return ModelUse(
            folder=str(self.folder),
            digest=self.digest,
            base=self.trained.config.llm_name,
            constrained=how.labels is not None,
            batch_size=how.batch_size,
            max_new_tokens=how.max_new_tokens,
        )

    def asker(self, how: "How") -> str:
        """sha256 of all that decides an answer but the question: where two are equal, kept answers
        are those that the model would give now."""
        decoding = [how.batch_size, how.max_new_tokens, how.labels]
        versions = [version(name) for name in _DECIDE]
        told = [self.digest, self.device, decoding, versions, self.base_files]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def open_trained(folder: Path) -> OpenedModel:
    """On the GPU in bfloat16 where there is one, else on the CPU in float32. SetupError where the
    folder holds no model that was trained here."""
    import torch

    from trainer.build_model import start_folder
    from trainer.open_model import open_model

    device, precision = ("cuda", "bf16") if torch.cuda.is_available() else ("cpu", "fp32")
    trained = open_model(folder, precision=precision, device=device)
    found = start_folder(folder)
    files = () if trained.config.llm_name is None else _files(found / trained.config.llm_name)
    return OpenedModel(trained, folder, folder_digest(found), device, files)


def _files(base: Path) -> tuple[tuple[str, int, int], ...]:
    """Of a language model in a folder of this machine; none of one by a name of the hub. Not their
    content: that is 13 GB to read before every start."""
    found = [(path.name, path.stat()) for path in sorted(base.glob("*")) if path.is_file()]
    return tuple((name, told.st_size, told.st_mtime_ns) for name, told in found)
