"""What tests of the trainer share: a synthetic release, a tiny language model in a folder."""

import pytest

from tests.trainer.small_release import synthetic


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """16 clips to train on, 4 to validate with. Look at it, change only a copy."""
    return synthetic(tmp_path_factory.mktemp("releases") / "small" / "0.1.0")


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tiny_llm(small, cache, tmp_path_factory):
    """The folder of a random Llama, as one would have it from the hub."""
    pytest.importorskip("transformers", reason="the extra `train` is not installed")
    from trainer.data import load
    from trainer.tiny import make_llm, make_tokenizer, tiny_config

    folder = tmp_path_factory.mktemp("llm")
    samples = load(small, cache=cache)
    tokenizer = make_tokenizer([*samples.column("instruction"), *samples.column("target")])
    make_llm(tiny_config(tokenizer), seed=1, attention="sdpa").save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
