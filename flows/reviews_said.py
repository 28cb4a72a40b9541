"""What people said of a work folder, for `merr publish`: it must work without the extra where
nobody ever reviewed."""

from pathlib import Path

from flows.extras import need_review
from pipeline.layout import WorkFolder
from schemas.review import PersonSaid


def said_of(work: Path, db: str | None) -> list[PersonSaid]:
    """Nothing where nobody ever reviewed. SetupError where somebody did and the extra is missing:
    a release must not leave out what people said."""
    if db is None and not WorkFolder(work).reviews.exists():
        return []
    need_review()
    from flows.reviewing import reviews_of
    from review.said import said_in

    with reviews_of(work, db) as store:
        return said_in(store)
