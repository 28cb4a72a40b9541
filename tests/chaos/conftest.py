"""One undisturbed build and release, which every disturbed one must equal."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.media import make_sources
from tests.chaos.running import House, Touch


@dataclass(frozen=True)
class Calm:
    """What a run gives that nobody disturbs, and the trails that building and publishing leave."""

    house: House
    built: list[Touch]
    published: list[Touch]

    def touches(self, place: str) -> list[Touch]:
        return [touch for touch in (*self.built, *self.published) if touch.place == place]

    @property
    def places(self) -> Counter[str]:
        return Counter(touch.place for touch in (*self.built, *self.published))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sources(tmp_path_factory.mktemp("chaos") / "sources")


@pytest.fixture(scope="session")
def calm(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    house = House(tmp_path_factory.mktemp("calm"), sources)
    built = house.build()
    assert built.code == 1, built.errors  # broken.mp4 is no film
    published = house.publish()
    assert published.code == 0, published.errors
    assert house.ask("verify", str(house.release))[0] == 0
    return Calm(house, built.trail, published.trail)


@pytest.fixture
def house(sources: Path, tmp_path: Path) -> House:
    return House(tmp_path, sources)
