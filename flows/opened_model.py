"""A trained model, opened on the best device here, and how it is named in results."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.evaluating import folder_digest
from trainer.evaluation import ModelUse

if TYPE_CHECKING:  # they load torch
    from trainer.asking import How
    from trainer.open_model import TrainedModel


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


def open_trained(folder: Path) -> OpenedModel:
    """On the GPU in bfloat16 where there is one, else on the CPU in float32. SetupError where the
    folder holds no model that was trained here."""
    import torch

    from trainer.build_model import start_folder
    from trainer.open_model import open_model

    device, precision = ("cuda", "bf16") if torch.cuda.is_available() else ("cpu", "fp32")
    trained = open_model(folder, precision=precision, device=device)
    return OpenedModel(trained, folder, folder_digest(start_folder(folder)), device)
