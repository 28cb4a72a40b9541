"""Which sample is visited when: the whole run, computed from seed and recipe before it starts.

Nothing is drawn while training runs, so a resumed run knows its order without replaying any data:
step s reads `visits[s * per_step : (s + 1) * per_step]`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError


@dataclass(frozen=True)
class Stream:
    """Samples that are visited in passes: each one once before any comes again."""

    name: str
    samples: tuple[int, ...]  # numbers in the data set
    ids: tuple[str, ...]  # their sample ids
    weight: float  # share of the visits, > 0


@dataclass(frozen=True)
class Plan:
    visits: NDArray[np.int64]  # [steps * per_step] numbers of samples
    per_step: int

    @property
    def steps(self) -> int:
        return len(self.visits) // self.per_step

    @property
    def digest(self) -> str:
        """Tells another order from this one."""
        told = hashlib.sha256(str(self.per_step).encode())
        told.update(self.visits.astype("<i8").tobytes())
        return told.hexdigest()[:16]

    def step(self, number: int) -> NDArray[np.int64]:
        """Samples of a step, from 0, over all processes."""
        return self.visits[number * self.per_step : (number + 1) * self.per_step]


def make_plan(streams: list[Stream], *, visits: int, per_step: int, seed: int) -> Plan:
    """At least `visits` visits, rounded up to whole steps; every stream gets its share, spread
    evenly, so that no step lacks a stream that the mix holds."""
    steps = -(-visits // per_step)
    total = steps * per_step
    weights = np.asarray([stream.weight for stream in streams])
    counts = np.ceil(weights / weights.sum() * total).astype(int) + 1
    when = [(np.arange(n) + 0.5) / stream.weight for n, stream in zip(counts, streams, strict=True)]
    which = np.concatenate([_passes(s, int(n), seed) for n, s in zip(counts, streams, strict=True)])
    order = np.argsort(np.concatenate(when), kind="stable")
    return Plan(which[order][:total], per_step)


def _passes(stream: Stream, count: int, seed: int) -> NDArray[np.int64]:
    """The first `count` visits of a stream."""
    passes = -(-count // len(stream.samples))
    order = [_one_pass(stream, number, seed) for number in range(passes)]
    return np.concatenate(order)[:count]


def _one_pass(stream: Stream, number: int, seed: int) -> NDArray[np.int64]:
    """All samples of a stream in an order that (seed, pass, sample id) decides: a sample more or
    less moves no other one's place relative to the rest."""
    keys = [drawn(seed, number, sample_id) for sample_id in stream.ids]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return np.asarray(stream.samples, np.int64)[order]


def drawn(seed: int, epoch: int, sample_id: str) -> int:
    """A number in 0..2**64-1 that depends on nothing but its arguments."""
    text = f"{seed}:{epoch}:{sample_id}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def streams_of(
    groups: Mapping[str, NDArray[np.int64]],
    weights: Mapping[str, float],
    *,
    sample_ids: NDArray[np.object_],
    labels: NDArray[np.object_],
    balance: float,
) -> list[Stream]:
    """A stream per group, or per group and label where labels are balanced.

    `groups`: name -> numbers of samples; `weights`: name -> share. `balance` 0: labels come as
    often as they stand in the data; 1: all labels of a group come equally often; between: a label
    that stands n times gets the weight n ** (1 - balance).
    """
    streams = []
    for name, members in groups.items():
        if not len(members):
            raise SetupError(f"data.mix: no sample of {name} was chosen, but it has a weight")
        parts = _by_label(members, labels) if balance else {"": members}
        shares = {label: len(part) ** (1 - balance) for label, part in parts.items()}
        whole = sum(shares.values())
        for label, part in parts.items():
            ids = tuple(sample_ids[part])
            weight = weights[name] * shares[label] / whole
            streams.append(Stream(f"{name}:{label}", tuple(part.tolist()), ids, weight))
    return streams


def _by_label(
    members: NDArray[np.int64], labels: NDArray[np.object_]
) -> dict[str, NDArray[np.int64]]:
    mine = labels[members]
    return {label: members[mine == label] for label in sorted(set(mine))}
