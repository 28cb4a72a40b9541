"""Two processes, one of which never hears a sound: for test_ddp.py, by torchrun."""

import sys

import torch
from torch.distributed import destroy_process_group, get_rank, init_process_group
from torch.nn.parallel import DistributedDataParallel

from tests.trainer.samples import packed, samples_of
from tests.trainer.tiny import tiny_model
from trainer.lora import with_lora

init_process_group("gloo")
rank = get_rank()
model = with_lora(tiny_model(fusion="conv-attention"), r=4, dropout=0.0)
config = model.get_base_model().config
learner = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
wrapped = DistributedDataParallel(model)
samples = samples_of(config)
mine = [samples[1], samples[3]] if rank == 0 else [samples[2]]  # the latter: picture alone
for _ in range(3):
    learner.zero_grad()
    wrapped(**packed(mine)).loss.backward()
    learner.step()
torch.save({n: p for n, p in model.named_parameters() if p.requires_grad}, sys.argv[1 + rank])
destroy_process_group()
