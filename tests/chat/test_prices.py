"""Money: totals to the cent, and None where a price or number is not known."""

import base64
import io
import json
import wave

import pytest

from pipeline.prices import Price, Prices, cost_usd, load_prices, plain_name
from pipeline.token_bounds import likely_tokens, most_tokens
from schemas.chat import Usage
from schemas.errors import SetupError
from tests.chat.talk import request

PRICE = Price(
    input=2.0, cached_input=0.5, output=8.0, audio_input=32.0, batch=0.5, source="made up",
    image_tokens=1000, audio_tokens_per_s=10.0,
)  # fmt: skip


def usage(prompt=0, output=0, cached=None, audio=None):
    return Usage(
        prompt_tokens=prompt, output_tokens=output, cached_tokens=cached, audio_tokens=audio
    )


@pytest.mark.parametrize(
    ("told", "usd"),
    [
        (usage(1_000_000, 0), 2.0),
        (usage(0, 1_000_000), 8.0),
        (usage(1_000_000, 0, cached=1_000_000), 0.5),
        (usage(1_000_000, 0, audio=1_000_000), 32.0),
        (usage(1_000_000, 500_000, cached=200_000, audio=300_000), 14.7),
        (usage(0, 0), 0.0),
    ],
)
def test_cached_and_audio_tokens_are_parts_of_the_prompt(told, usd):
    assert cost_usd(told, PRICE) == pytest.approx(usd, abs=1e-9)
    assert cost_usd(told, PRICE, batch=True) == pytest.approx(usd / 2, abs=1e-9)


@pytest.mark.parametrize("told", [Usage(), Usage(prompt_tokens=5), Usage(output_tokens=5)])
def test_unknown_tokens_cost_an_unknown_sum_not_nothing(told):
    assert cost_usd(told, PRICE) is None


def test_an_unknown_price_costs_an_unknown_sum_not_nothing():
    assert cost_usd(usage(5, 5), None) is None
    deaf = PRICE.model_copy(update={"audio_input": None})
    assert cost_usd(usage(5, 5, audio=3), deaf) is None
    assert cost_usd(usage(5, 5, audio=0), deaf) is not None


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("models/gemini-3.8-flash", "gemini-3.8-flash"),
        ("llama3.2:latest", "llama3.2"),
        ("llama3:8b", "llama3:8b"),
        ("gpt-4.1-mini", "gpt-4.1-mini"),
    ],
)
def test_a_date_or_version_is_not_part_of_the_name(name, plain):
    assert plain_name(name) == plain


def test_the_table_that_comes_with_merr_is_dated_and_every_price_has_a_source():
    prices = load_prices(None)
    assert prices.date >= "2026-11-25"
    assert prices.of("gpt-4o-2024-08-06") == prices.models["gpt-4o"]
    assert prices.of("gpt-4o-nano") is None
    assert all(price.source.count("/") >= 1 for price in prices.models.values())
    assert all(price.output >= price.input for price in prices.models.values())


@pytest.mark.parametrize(
    "text",
    ["date = 3", 'date = "2026-01-01"\nmodels = 3', "[models", '[models."x"]\ninput = -1', ""],
)
def test_a_broken_table_of_ones_own_is_named(tmp_path, text):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(SetupError, match=r"run\.chat\.prices: .*prices\.toml: not a table"):
        load_prices(path)
    with pytest.raises(SetupError, match="No such file"):
        load_prices(tmp_path / "none.toml")


def with_media(seconds, images):
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000 * seconds))
    data = base64.b64encode(sound.getvalue()).decode()
    picture = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + "A" * 9000}}
    parts = [
        {"type": "text", "text": "what?"},
        {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}},
        *([picture] * images),
    ]
    return json.dumps([{"role": "user", "content": parts}])


def test_the_worst_case_of_media_comes_from_its_length_and_number_not_from_its_bytes():
    made = request("http://x/v1", messages_json=with_media(3, 2), max_output_tokens=50)
    most = most_tokens(made, PRICE)
    assert most.audio_tokens == pytest.approx(30, abs=1)
    assert most.prompt_tokens - most.audio_tokens == 5 + 64 + 2000
    assert most.output_tokens == 50


def test_the_worst_case_is_at_least_a_token_per_byte_in_any_script():
    for text in ("plain words", "情绪很高兴" * 20, "🙂" * 50, "\x00\x01"):
        made = request("http://x/v1", text)
        assert most_tokens(made, None).prompt_tokens >= len(text.encode())
        assert likely_tokens(made, None) <= most_tokens(made, None).prompt_tokens + 1000


def test_prices_hold_only_dollars_that_make_sense():
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Prices(date="2026-01-01", models={"x": {"input": -1, "output": 1, "source": "x"}})
