"""Which encoders a model reads, as settings; others than those stop the command by name."""

from importlib.util import find_spec

import pytest

from annotators.feature_settings import FeatureSettings
from flows.wanted_features import check_encoders, feature_settings
from schemas.errors import SetupError

HUBERT = "TencentGameMate/chinese-hubert-large"


def wanted(encoders, grid=False, **settings):
    return feature_settings(encoders, FeatureSettings.model_validate(settings), grid=grid)


def engines(settings):
    return {slot: getattr(settings, slot).engine for slot in ("face", "motion", "audio", "image")}


def test_slots_that_the_model_does_not_read_are_switched_off():
    assert engines(wanted({"audio": "small"})) == {
        **dict.fromkeys(("face", "motion", "image"), "none"),
        "audio": "small",
    }


def test_an_encoder_is_taken_by_its_name_where_a_slot_has_one_engine():
    found = wanted({"audio": "facebook/hubert-base", "face": "my/mae"})
    assert (found.audio.engine, found.audio.hubert.model) == ("hubert", "facebook/hubert-base")
    assert (found.face.engine, found.face.mae.model) == ("mae", "my/mae")


def test_an_encoder_in_a_folder_is_known_by_the_name_of_the_folder(tmp_path):
    folder = tmp_path / "my-hubert"
    folder.mkdir()
    found = wanted({"audio": "my-hubert"}, audio={"hubert": {"model": str(folder)}})
    assert found.audio.hubert.model == str(folder)


def test_of_pictures_the_settings_must_say_which_engine_it_is():
    found = wanted({"image": "openai/clip-vit-large-patch14"})
    assert found.image.engine == "clip"
    with pytest.raises(SetupError, match=r"features.image.eva.model=my/eyes"):
        wanted({"image": "my/eyes"})


def test_a_model_that_reads_grids_wants_them_of_eva():
    found = wanted({}, grid=True)
    assert (found.image.engine, found.image.eva.grid) == ("eva", True)


@pytest.mark.model
@pytest.mark.skipif(find_spec("transformers") is None, reason="the extra train is not installed")
def test_an_encoder_that_is_not_here_is_named():
    encoders = {"audio": HUBERT}
    with pytest.raises(SetupError, match=HUBERT):
        check_encoders(encoders, wanted(encoders))


def test_features_of_another_encoder_are_refused_by_name():
    with pytest.raises(SetupError, match="slot audio: features of small are here"):
        check_encoders({"audio": HUBERT}, wanted({"audio": "small"}))
    with pytest.raises(SetupError, match="slot face: features of nobody are here"):
        check_encoders({"face": "small"}, wanted({"audio": "small"}))
