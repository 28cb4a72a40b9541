"""What is here and what is missing."""

import json
import tomllib
from pathlib import Path

import pytest

from flows.doctor import COPYLEFT, Finding, Health, examine, install, report_text
from flows.extras import EXTRAS, terms_text
from pipeline.settings import Settings
from pipeline.stages import BY_NAME
from schemas.engine import engines
from schemas.errors import SetupError
from tests.openface.installs import install as install_openface

ROOT = Path(__file__).parents[2]
READY = Finding("face: mesh", True, "model files are here")
MISSING = Finding("face: mesh", False, "model files are missing", "merr engines install mesh")
NICE = Finding("GPU", False, "none found", needed=False)


def test_what_is_needed_and_missing_is_told_with_its_command():
    text = report_text(Health((MISSING, NICE)))
    assert "MISSING face: mesh: model files are missing" in text
    assert "run: merr engines install mesh" in text
    assert "-       GPU: none found" in text


@pytest.mark.parametrize(
    ("findings", "ready"),
    [((READY, NICE), True), ((READY, MISSING), False), ((NICE,), True), ((), True)],
)
def test_only_what_is_needed_keeps_merr_from_working(findings, ready):
    health = Health(findings)
    assert health.ready is ready
    assert health.as_json()["ready"] is ready


def test_every_engine_is_examined_and_its_terms_are_told():
    health = examine()
    assert {f.name for f in health.findings} >= {f"{e.stage}: {e.name}" for e in engines().values()}
    text = report_text(health)
    for engine in engines().values():
        assert f"{engine.name} ({engine.stage}, {engine.licence}): {engine.good_for}" in text
        assert engine.serious in text
    assert all(f"{name}: {why}" in text for name, why in COPYLEFT.items())


def test_every_engine_belongs_to_a_stage():
    stages = {name for engine in engines().values() for name in engine.stage.split(", ")}
    assert stages <= {*BY_NAME, "features"}  # no stage of a build: `merr features` makes them


def test_the_findings_are_json():
    told = json.loads(json.dumps(examine().as_json()))
    assert {finding["name"] for finding in told["findings"]} >= {"disk", "GPU"}


@pytest.mark.parametrize(
    ("engine", "needed"),
    [("mesh", {"mesh"}), ("openface", {"mesh", "openface"}), ("pyfeat", {"pyfeat"})],
)
def test_only_the_face_engine_chosen_is_needed(engine, needed):
    settings = Settings.model_validate({"face": {"engine": engine}})
    found = {f.name: f.needed for f in examine(settings).findings if f.name.startswith("face: ")}
    assert {name.removeprefix("face: ") for name, wanted in found.items() if wanted} == needed


def test_openface_is_found_and_named_by_what_it_is(tmp_path):
    binary = install_openface(tmp_path)
    settings = Settings.model_validate({"run": {"openface": {"binary": str(binary)}}})
    finding = next(f for f in examine(settings).findings if f.name == "face: openface")
    assert finding.ready
    assert "main_clnf_general.txt@" in finding.found
    with pytest.raises(SetupError, match=r"docs/engines/openface\.md"):
        install("openface", Settings())


def test_what_came_with_merr_needs_no_install():
    assert install("template", Settings()) == "template: came with merr, nothing to install"


def test_an_engine_that_nobody_knows_names_those_that_are_known():
    with pytest.raises(SetupError, match=r"no engine 'crystal'; known are .*mesh.*template"):
        install("crystal", Settings())


def test_an_engine_of_an_extra_tells_its_terms_and_merr_works_without_it():
    found = next(f for f in examine().findings if f.name == "tone: egemaps")
    assert not found.needed
    assert found.ready or found.remedy == "merr engines install egemaps"
    assert engines()["egemaps"].non_commercial
    assert "features extracted with it" in report_text(examine())
    assert terms_text("egemaps").startswith("egemaps: audEERING Research License\nopenSMILE may")


def test_what_an_engine_installs_is_what_the_extra_of_its_name_holds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert {name: [wanted] for name, wanted in EXTRAS.items()} == {n: extras[n] for n in EXTRAS}
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert set(EXTRAS.values()) <= set(pins)
    needed = " ".join(project["dependencies"])
    assert not any(wanted.partition("==")[0] in needed for wanted in EXTRAS.values())


def test_encoders_are_looked_for_with_the_next_command_and_merr_works_without_them(tmp_path):
    model = {"features": {"audio": {"hubert": {"model": str(tmp_path)}}}}
    found = [
        f for f in examine(Settings.model_validate(model)).findings if f.name[:9] == "features:"
    ]
    assert {f.needed for f in found} == {False, True}  # `small` and `npy` are part of merr
    hubert = next(f for f in found if f.name == "features: hubert")
    assert not hubert.ready
    assert not hubert.needed
    assert hubert.remedy in (
        "pip install -c constraints.txt -e '.[train]'",
        "merr engines install hubert",
    )
    assert "not known of chinese-hubert-large" in report_text(examine())
    assert engines()["videomae"].non_commercial
