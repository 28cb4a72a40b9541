"""`merr plan` says which calls a build would make and their most cost, `doctor` which keys."""

import pytest

from flows.doctor import examine
from flows.planning import make_plan, plan_text
from pipeline.foreseen_calls import foresee_calls
from pipeline.prices import load_prices
from pipeline.settings import Settings
from schemas.label import load_vocabulary
from tests.chat.stand_in import StandIn
from tests.conftest import DEMO
from tests.roles.actor import good, role_of
from tests.roles.house import KEY, KEY_ENV, ROLES, build, settings


def finding(name):
    return next(found for found in examine().findings if found.name == name)


def openai(**sections):
    chat = {"base_url": "https://api.openai.com/v1", "model": "gpt-4.1-mini"}
    asking = {role: {"engine": "chat"} for role in ROLES}
    asking["heard"] = {"engine": "chat", "model": "gpt-audio"}
    return Settings.model_validate({"chat": chat, **asking, **sections})


def foreseen(chosen, clips=10, clip_s=5.0):
    vocabulary = load_vocabulary(chosen.given.vocabulary)
    prices = load_prices(None)
    return foresee_calls(chosen, vocabulary, prices, clips=2 * clips, labelled=clips, clip_s=clip_s)


def test_every_role_that_asks_is_foreseen_with_its_model_and_its_most_cost():
    calls = foreseen(openai())
    assert [(role.role, role.model, role.calls) for role in calls] == [
        ("heard", "gpt-audio", 10), ("seen", "gpt-4.1-mini", 10),
        ("english", "gpt-4.1-mini", 10), ("clues", "gpt-4.1-mini", 10),
    ]  # fmt: skip
    assert all(role.most_usd > 0 for role in calls)
    assert foreseen(Settings()) == ()


def test_more_costs_more():
    def usd(role, **given):
        sections = given.pop("sections", {})
        return next(r.most_usd for r in foreseen(openai(**sections), **given) if r.role == role)

    assert usd("clues", clips=20) == pytest.approx(2 * usd("clues"))
    assert usd("heard", clip_s=10.0) > usd("heard")
    three, eight = ({"seen": {"engine": "chat", "frames": n}} for n in (3, 8))
    assert usd("seen", sections=three) > 1.4 * usd("seen")
    assert usd("seen", sections=eight) > 1.4 * usd("seen", sections=three)
    half = {"run": {"chat": {"batch": True}}}
    assert usd("clues", sections=half) == pytest.approx(usd("clues") / 2)


def test_a_model_without_a_price_costs_an_unknown_sum_never_nothing():
    chosen = openai(clues={"engine": "chat", "model": "of-our-own"})
    assert foreseen(chosen)[-1].most_usd is None
    plan = make_plan((str(DEMO),), chosen, 1)
    assert plan.cost_usd is None
    assert "of unknown cost" in plan_text(plan)


def test_a_plan_counts_clips_with_a_label_and_says_what_they_cost_at_most():
    plan = make_plan((str(DEMO),), openai(), 1)
    assert (plan.model_calls, plan.labelled) == (36, 9)
    text = plan_text(plan)
    assert f"36 model calls, at most {plan.tokens} tokens, at most {plan.cost_usd:.2f} USD" in text
    assert "heard: 9 to gpt-audio, at most" in text
    assert plan.as_json()["model_calls"] == 36
    assert "0 model calls" in plan_text(make_plan((str(DEMO),), Settings(), 1))


def test_what_a_build_really_asks_stays_below_what_was_foreseen(workshop, pool, monkeypatch):
    monkeypatch.setenv(KEY_ENV, KEY)
    with StandIn(good, key=KEY) as server:
        chosen = settings(server.url)
        build(workshop, chosen, pool)
    most = {role.role: role for role in foreseen(chosen, clips=3, clip_s=3.0)}
    assert all(
        sum_of(server, role) <= most[role].most_tokens for role in ("heard", "seen", "clues")
    )


def sum_of(server, role):
    bodies = [call.body for call in server.calls if role_of(call.body) == role]
    assert bodies
    return sum(len(str(part)) for body in bodies for part in texts(body)) // 4


def texts(body):
    for message in body["messages"]:
        content = message["content"]
        yield from [content] if isinstance(content, str) else (c.get("text", "") for c in content)


def test_a_service_that_hears_words_is_foreseen_by_the_length_of_all_clips():
    endpoint = {"url": "https://api.openai.com/v1", "model": "whisper-1"}
    chosen = Settings.model_validate({"speech": {"engine": "endpoint", "endpoint": endpoint}})
    [speech] = foreseen(chosen, clips=30, clip_s=4.2)
    assert (speech.role, speech.model, speech.calls) == ("speech", "whisper-1", 60)
    assert speech.most_usd == pytest.approx(60 * 5 / 60 * 0.006)  # whole seconds
    plan = make_plan((str(DEMO),), chosen, 1)
    assert plan.cost_usd > 0
    assert f"speech: {plan.clips} to whisper-1, at most" in plan_text(plan)
    unknown = {"speech": {"engine": "endpoint", "endpoint": {**endpoint, "model": "own"}}}
    assert make_plan((str(DEMO),), Settings.model_validate(unknown), 1).cost_usd is None


# ---- doctor


def test_doctor_says_that_no_key_is_needed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no engine chosen asks a service" in finding("keys").found


def test_doctor_names_a_variable_that_is_not_set_and_shows_no_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = '[chat]\nbase_url = "http://localhost:1/v1"\nmodel = "m"\nkey_env = "A_KEY"\n'
    (tmp_path / "merr.toml").write_text(text + '[seen]\nengine = "chat"\n')
    monkeypatch.delenv("A_KEY", raising=False)
    missing = finding("keys")
    assert (missing.ready, missing.needed) == (False, False)
    assert "A_KEY is not set" in missing.found
    monkeypatch.setenv("A_KEY", "sk-12345")
    there = finding("keys")
    assert (there.ready, there.found) == (True, "A_KEY is set")


def test_doctor_looks_for_the_key_of_the_endpoint_that_hears_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEARS", raising=False)
    text = '[speech]\nengine = "endpoint"\n[run.endpoint]\nkey_env = "HEARS"\n'
    text += '[speech.endpoint]\nurl = "http://localhost:1/v1"\nmodel = "m"\n'
    (tmp_path / "merr.toml").write_text(text)
    assert "HEARS is not set" in finding("keys").found


def test_doctor_says_what_is_wrong_with_the_settings_of_a_role(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "merr.toml").write_text('[seen]\nengine = "chat"\n')
    assert "chat.base_url" in finding("keys").found
