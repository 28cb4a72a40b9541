"""What may be done with a release: the strictest of its sources and its engines."""

import pytest

from pipeline.licences import engines_used, whole_licence
from schemas.release import EngineUse


def use(engine, *, non_commercial):
    return EngineUse(
        stage="face", engine=engine, version="1", licence="L", non_commercial=non_commercial
    )


FREE, STRICT = use("mesh", non_commercial=False), use("openface", non_commercial=True)


@pytest.mark.parametrize(
    ("source", "used", "told"),
    [
        ("CC0-1.0", [FREE], "videos: CC0-1.0; rows: no engine adds a restriction"),
        ("CC0-1.0", [], "videos: CC0-1.0; rows: no engine adds a restriction"),
        (
            "CC0-1.0",
            [FREE, STRICT, STRICT],
            "videos: CC0-1.0; rows made by openface: research only, no commercial use",
        ),
        (
            None,
            [FREE],
            "videos: nobody stated a licence, so do not pass this release on; "
            "rows: no engine adds a restriction",
        ),
    ],
)
def test_the_strictest_terms_hold_for_the_whole(source, used, told):
    assert whole_licence(source, used) == told


def test_every_engine_that_made_a_row_is_named_once(built):
    used = engines_used(built.open())
    assert [u.stage for u in used] == ["clues", "face", "scene", "speech", "tone"]
    assert {u.engine for u in used} >= {"mesh", "silero", "prosody"}


def test_where_nothing_was_made_nobody_is_named(sources, tmp_path):
    from pipeline.layout import WorkFolder
    from tests.pipeline.workshop import Workshop

    assert engines_used(Workshop(sources, WorkFolder(tmp_path)).open()) == ()
