"""The worked example of docs/costs.md is what the price table gives."""

import re
from pathlib import Path

import pytest

from pipeline.prices import cost_usd, load_prices
from schemas.chat import Usage

PAGE = (Path(__file__).parents[2] / "docs" / "costs.md").read_text("utf-8")
CLIPS = 28_618
NUMBER = r"([\d.]+)"
ROW = re.compile(
    rf"^\| (\w+) \| `([^`]+)` \| {NUMBER} \| {NUMBER} \| {NUMBER} \| {NUMBER} \| {NUMBER} "
    rf"\| {NUMBER} \|$",
    re.M,
)
SUMS = re.compile(rf"^\| together \|[ |]*\| {NUMBER} \| {NUMBER} \| {NUMBER} \|$", re.M)
ROWS = ROW.findall(PAGE)


def costs(row):
    _, model, prompt, audio, output, *_ = row
    price = load_prices(None).of(model)
    usage = Usage(prompt_tokens=int(prompt), audio_tokens=int(audio), output_tokens=int(output))
    return cost_usd(usage, price), cost_usd(usage, price, batch=True)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_is_tokens_times_prices(row):
    online, batch = costs(row)
    assert row[5:] == (f"{online:.6f}", f"{online * CLIPS:.2f}", f"{batch * CLIPS:.2f}")


def test_the_sums_are_the_sums_of_the_rows():
    assert [row[0] for row in ROWS] == ["heard", "seen", "english", "clues"]
    online = sum(costs(row)[0] for row in ROWS)
    batch = sum(costs(row)[1] for row in ROWS)
    [told] = SUMS.findall(PAGE)
    assert told == (f"{online:.6f}", f"{online * CLIPS:.2f}", f"{batch * CLIPS:.2f}")


def test_the_page_names_the_date_of_the_table_and_counts_calls_and_hours():
    assert load_prices(None).date in PAGE
    calls = CLIPS * len(ROWS)
    assert f"{calls:,} calls take\n{calls / 500 / 60:.1f} hours" in PAGE
