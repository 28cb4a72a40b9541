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
        told = [self.digest, self.device, decoding, [version(name) for name in _DECIDE]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def open_trained(folder: Path) -> OpenedModel:
    """On the GPU in bfloat16 where there is one, else on the CPU in float32. SetupError where the
    folder holds no model that was trained here."""
    import torch

    from trainer.build_model import start_folder
    from trainer.open_model import open_model

    device, precision = ("cuda", "bf16") if torch.cuda.is_available() else ("cpu", "fp32")
    trained = open_model(folder, precision=precision, device=device)
    return OpenedModel(trained, folder, folder_digest(start_folder(folder)), device)
