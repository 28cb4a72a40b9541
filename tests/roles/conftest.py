"""A crowd of clips that was measured once and that nobody asked about."""

import pytest

from pipeline.layout import WorkFolder
from tests.pipeline.workshop import Workshop, bring_about
from tests.roles.crowd import make_crowd

PEOPLE = 24


@pytest.fixture(scope="session")
def crowd_once(pool, built, tmp_path_factory):
    """Measured once, asked about by nobody."""
    folder = tmp_path_factory.mktemp("crowd")
    made = Workshop(make_crowd(folder / "sources", PEOPLE), WorkFolder(folder / "work"))
    bring_about(made.open(), pool)
    return made
