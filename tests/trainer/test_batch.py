"""Batches: packed or not, in parts or whole, on one process or many, a step is the same step."""

import numpy as np
import pytest

from trainer.recipe_file import load_recipe

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]


@pytest.fixture(scope="module")
def prepared(small, cache, tmp_path_factory):
    from trainer.prepare import prepare

    recipe = load_recipe("demo", ["run.per_step=8", "run.visits=80"])
    kept = tmp_path_factory.mktemp("prepared") / "tokenizer"
    return prepare(small, recipe, cache=cache, tokenizer=kept, grid=None)


@pytest.fixture(scope="module")
def model(prepared):
    from trainer.build_model import build_model

    return build_model(prepared, None)


def collator(prepared, row_tokens):
    from dataclasses import replace

    return replace(prepared.collate, row_tokens=row_tokens)


def readers(prepared, *, world=1, at_once=8, row_tokens=512, loss="sample"):
    from trainer.reader import Share, StepReader

    collate = collator(prepared, row_tokens)
    return [
        StepReader(prepared.plan, collate, Share(rank, world), at_once=at_once, loss=loss)
        for rank in range(world)
    ]


def gradients(model, prepared, **how):
    """Loss and gradients of step 3, summed over processes and parts."""
    from trainer.loop import weighted_loss

    model.zero_grad()
    total = 0.0
    for reader in readers(prepared, **how):
        parts = reader.batches_per_step
        for part in range(parts):
            loss = weighted_loss(model, reader[3 * parts + part])
            loss.backward()
            total += float(loss.detach())
    return total, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("loss", ["sample", "token"])
@pytest.mark.parametrize(
    "how",
    [
        {"row_tokens": 150},
        {"row_tokens": 512},
        {"row_tokens": 512, "at_once": 3},
        {"row_tokens": 0, "at_once": 2, "world": 2},
        {"row_tokens": 150, "world": 4},
    ],
)
def test_packed_and_shared_out_loss_and_gradients_are_those_of_samples_one_by_one(
    how, loss, model, prepared
):
    alone, expected = gradients(model, prepared, row_tokens=0, at_once=1, loss=loss)
    packed, found = gradients(model, prepared, **how, loss=loss)
    assert packed == pytest.approx(alone, rel=1e-5)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)


def test_packing_mixes_nothing_even_where_a_neighbour_is_another(model, prepared):
    from trainer.loop import weighted_loss

    collate = collator(prepared, 512)
    first, second, third = prepared.plan.visits[:3].tolist()
    weights = [1.0, 0.0, 0.0]
    beside = [collate([first, other], weights) for other in (second, third)]
    losses = [float(weighted_loss(model, batch).detach()) for batch in beside]
    assert beside[0].inputs["input_ids"].shape[0] == 1
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_the_loss_is_of_the_answer_and_its_end_alone(prepared):
    table, words = prepared.collate.table, prepared.tokenizer
    targets = prepared.samples.column("target")
    for number in prepared.plan.visits[:20]:
        _, labels = table.sequence(number)
        wanted = labels[labels != -100]
        assert wanted[-1] == words.eos_token_id
        assert words.decode(wanted[:-1]) == targets[number]


def test_a_step_weighs_every_visit_or_every_token_the_same(prepared):
    for loss in ("sample", "token"):
        [reader] = readers(prepared, loss=loss)
        batch = reader[2]
        assert float(batch.weights.sum()) == pytest.approx(1)
        answers = prepared.collate.table.answers[prepared.plan.step(2)]
        kinds = len(set(answers.tolist())) if loss == "sample" else 1
        assert len(set(batch.weights.tolist())) == kinds


def test_going_on_reads_nothing_of_what_was_done(prepared):
    from trainer.reader import loader

    [reader] = readers(prepared)
    asked = []

    class Watched(type(reader)):
        def __getitem__(self, number):
            asked.append(number)
            return super().__getitem__(number)

    watched = Watched(prepared.plan, prepared.collate, reader.share, at_once=8, loss="sample")
    next(iter(loader(watched, first=7)))
    assert asked == [7]


def test_processes_that_read_ahead_give_the_same_batches(prepared):
    from trainer.reader import loader

    [reader] = readers(prepared, at_once=3)
    plain, ahead = (list(loader(reader, first=20, workers=n)) for n in (0, 2))
    assert len(plain) == len(ahead) == 10
    for one, other in zip(plain, ahead, strict=True):
        assert one.inputs.keys() == other.inputs.keys()
        assert all(torch.equal(one.inputs[k], other.inputs[k]) for k in one.inputs)


def test_validation_counts_every_sample_once_over_all_processes(prepared):
    from trainer.reader import Share, ValidationReader

    found = []
    for rank in range(5):
        reader = ValidationReader(prepared.validation, prepared.collate, Share(rank, 5), at_once=2)
        found += reader.numbers[reader.real].tolist()
        assert len(reader) == 2
    assert sorted(found) == prepared.validation.tolist()
    assert set(prepared.samples.column("split")[prepared.validation]) == {"val"}


def test_the_named_transform_changes_answers_and_nothing_else(small, cache, tmp_path):
    from trainer.prepare import prepare

    tables = []
    for how in ("as_is", "original"):
        recipe = load_recipe("demo", [f"data.answers={how}"])
        made = prepare(small, recipe, cache=cache, tokenizer=tmp_path / "none", grid=None)
        tables.append((made, made.collate.table))
    fine = np.flatnonzero(tables[0][0].samples.column("tier") == "fine")[0]
    told = []
    for made, table in tables:
        ids, labels = table.sequence(fine)
        told.append((ids[labels == -100].tolist(), made.tokenizer.decode(ids[labels != -100][:-1])))
    assert told[0][0] == told[1][0]
    assert told[0][1] == "The face shows brows down, which points to neutral."
    assert told[1][1] == "the face shows brows down, which points to neutral"
