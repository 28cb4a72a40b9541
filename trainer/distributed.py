"""One process or many: accelerate for processes and DDP, torch's fully_shard for FSDP.

accelerate's own FSDP does nothing on CPUs, without a word; fully_shard works there, too, so that
the code which runs on GPUs is the code that is tested.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.fsdp import FSDPModule, fully_shard

from schemas.errors import SetupError
from trainer.build_model import inner_model
from trainer.reader import Share
from trainer.recipe import DeviceRecipe

_PLAIN = (DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU)
_FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)


def open_processes(device: DeviceRecipe) -> Accelerator:
    """SetupError where the launcher asks for something that would do something else here."""
    mixed = "bf16" if device.precision == "bf16" else "no"
    accelerator = Accelerator(mixed_precision=mixed, cpu=not torch.cuda.is_available())
    if accelerator.distributed_type not in _PLAIN:
        raise SetupError(
            f"accelerate was told to use {accelerator.distributed_type.value}; launch it plainly "
            "(--multi_gpu) and say --set device.parallel=fsdp, which shards by torch itself"
        )
    if device.parallel == "fsdp" and accelerator.num_processes == 1:
        raise SetupError(
            "device.parallel=fsdp with one process shards nothing; launch more of them "
            "(`accelerate launch -m trainer ...`), or say --set device.parallel=ddp"
        )
    return accelerator


def share_of(accelerator: Accelerator) -> Share:
    return Share(accelerator.process_index, accelerator.num_processes)


def spread(model: nn.Module, accelerator: Accelerator, parallel: Literal["ddp", "fsdp"]) -> Any:
    """The model on its device, and over the processes if there are several."""
    model = model.to(accelerator.device)
    if accelerator.num_processes == 1:
        return model
    if parallel == "fsdp":
        return shard(model)
    ids = [accelerator.local_process_index] if accelerator.device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(model, device_ids=ids)


def shard(model: nn.Module) -> FSDPModule:
    """Every decoder layer a unit of its own, the rest another."""
    layers = [m for m in model.modules() if type(m).__name__.endswith("DecoderLayer")]
    for layer in layers:
        fully_shard(layer)
    fully_shard(model)
    if not layers or not isinstance(model, FSDPModule):
        raise SetupError("the language model has no decoder layers to shard: use parallel=ddp")
    return model


def plain_model(model: Any) -> Any:
    """What is inside of DDP."""
    return model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model


def quiet(model: Any, *, last: bool) -> AbstractContextManager[Any]:
    """Gradients of several backward passes are exchanged once, at the last of a step."""
    if isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(last)
        return nullcontext()
    if isinstance(model, nn.parallel.DistributedDataParallel) and not last:
        return model.no_sync()  # type: ignore[no-any-return]
    return nullcontext()


def autocast(accelerator: Accelerator) -> AbstractContextManager[Any]:
    return accelerator.autocast()  # type: ignore[no-any-return]


def summed(value: Tensor, accelerator: Accelerator) -> float:
    """The sum of a scalar over all processes."""
    return float(accelerator.reduce(value, "sum"))


def trained_weights(model: Any) -> dict[str, Tensor]:
    """Whole tensors on the CPU, on process 0 when sharded. All processes have to call it."""
    plain = plain_model(model)
    frozen_too = inner_model(plain) is plain
    options = StateDictOptions(
        full_state_dict=True, cpu_offload=True, ignore_frozen_params=not frozen_too
    )
    return dict(get_model_state_dict(plain, options=options))


def optimizer_state(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    return dict(get_optimizer_state_dict(plain_model(model), optimizer, options=_FULL))


def set_optimizer_state(
    model: Any, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    set_optimizer_state_dict(plain_model(model), optimizer, state, options=_FULL)
