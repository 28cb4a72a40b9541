"""A Whisper with one small layer and random weights, made on the spot without torch.

It loads, hears and writes as a real one does; what it writes are made-up words. All languages,
tasks and time stamps are in its vocabulary. Its weights lean on the place of a token so that a
test can say what comes: eight words, the stamp 2.00 s, the end.
"""

import json
from itertools import islice, product
from pathlib import Path

import numpy as np

WIDTH, HEADS, MELS, WINDOW, LONGEST = 64, 1, 80, 1500, 448
TASKS = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
MADE_UP = 1000  # words beside the 256 bytes
FIRST, WORDS = 2, 8  # place of the first token that is written; words in a window
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def make_tiny_whisper(
    folder: Path, *, seed: int = 0, language: str = "de", silent: bool = False, loops: bool = False
) -> Path:
    """`silent`: it says that nobody speaks, and is sure of no word; `loops`: one word for ever."""
    from ctranslate2.specs import WhisperSpec
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    special = ["<|endoftext|>", "<|startoftranscript|>"]
    special += [f"<|{name}|>" for name in (*_LANGUAGE_CODES, *TASKS)]
    stamps = [f"<|{i * 0.02:.2f}|>" for i in range(WINDOW + 1)]
    text = sorted(_bytes_to_letters().values())
    text += ["\u0120" + "".join(word) for word in islice(product(SYLLABLES, repeat=2), MADE_UP)]
    text.append("")  # ctranslate2 knows by this token that a model speaks more than English
    tokens = [*text, *special, *stamps]
    ids = {token: i for i, token in enumerate(tokens)}
    random = np.random.default_rng(seed)
    spec = WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, random)
    places = 4 * random.standard_normal((LONGEST, WIDTH)).astype(np.float32)
    if loops:
        places[FIRST + 1 :] = places[FIRST + 1]
    says = random.standard_normal((len(tokens), WIDTH)).astype(np.float32)
    words = slice(256, 256 + MADE_UP)
    says[words] *= 45 if silent else 100
    says *= 0.01  # bytes never come, specials and stamps where they are told to
    _say(says, places, 0, ids["<|nospeech|>"] if silent else ids[f"<|{language}|>"])
    if not loops:
        _say(says, places, FIRST + WORDS + 1, ids["<|2.00|>"])
        _say(says, places, FIRST + WORDS + 2, ids["<|endoftext|>"])
    spec.decoder.embeddings.weight = 0.1 * says
    spec.decoder.projection.weight = says
    spec.decoder.position_encodings.encodings = places
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [ids["<|endoftext|>"]]
    spec.config.lang_ids = [ids[f"<|{code}|>"] for code in _LANGUAGE_CODES]
    spec.config.alignment_heads = [(0, 0)]
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize("int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    _write_tokenizer(folder, text, special)
    return folder


def _say(says, places, place: int, token: int) -> None:
    at = places[place]
    says[token] = 12 * at / np.linalg.norm(at)


def _fill(spec, random) -> None:
    """Every weight of the architecture that has no value yet, by its name."""
    shapes = {
        "conv1/weight": (WIDTH, MELS, 3),
        "conv1/bias": (WIDTH,),
        "conv2/weight": (WIDTH, WIDTH, 3),
        "conv2/bias": (WIDTH,),
        "self_attention/linear_0/weight": (3 * WIDTH, WIDTH),
        "self_attention/linear_1/weight": (WIDTH, WIDTH),
        "attention/linear_0/weight": (WIDTH, WIDTH),
        "attention/linear_1/weight": (2 * WIDTH, WIDTH),
        "attention/linear_2/weight": (WIDTH, WIDTH),
        "ffn/linear_0/weight": (2 * WIDTH, WIDTH),
        "ffn/linear_1/weight": (WIDTH, 2 * WIDTH),
        "embeddings/weight": (1,),  # these two are set above
        "projection/weight": (1,),
    }

    def fill(layer, name, value):
        key = name.rsplit("/", 1)[-1]
        if value is None and key in ("gamma", "beta"):
            setattr(layer, key, np.full(WIDTH, float(key == "gamma"), np.float32))
        elif value is None:
            shape = next(shape for end, shape in shapes.items() if name.endswith(end))
            setattr(layer, key, random.standard_normal(shape).astype(np.float32) / WIDTH**0.5)

    spec._visit(fill)
    places = random.standard_normal((WINDOW, WIDTH)).astype(np.float32)
    spec.encoder.position_encodings.encodings = places


def _bytes_to_letters() -> dict[int, str]:
    """The letters that stand for bytes in byte-level vocabularies (GPT-2)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


def _write_tokenizer(folder: Path, text: list[str], special: list[str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(text)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}), "utf-8")
