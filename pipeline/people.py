"""How much of a release people saw, in one sentence for its card and its report."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.folding import FoldedClip
from schemas.review import TextState


@dataclass(frozen=True)
class PeopleSaw:
    samples: int  # coarse and fine, in the release
    reviewed: int  # of the release's clips; those whose text was rejected among them
    reviewers: int
    states: Counter[TextState]  # of the texts, by sample reviewed
    clips_labelled: int  # people agree on the label
    clips_relabelled: int  # and it is not the machine's

    def text(self) -> str:
        states = ", ".join(f"{self.states[state]} {said}" for state, said in _SAID.items())
        return (
            f"{self.reviewers} {'person' if self.reviewers == 1 else 'people'} reviewed "
            f"{self.reviewed} of the samples of this release, which holds {self.samples}. Their "
            f"texts: {states}. People agree on the label of {self.clips_labelled} clips, which for "
            f"{self.clips_relabelled} is not the one it had. What nobody reviewed, machines wrote "
            "and nobody checked."
        )


_SAID: dict[TextState, str] = {
    "accepted": "accepted",
    "edited": "edited",
    "rejected": "rejected",
    "disputed": "disputed",
    "unclear": "not to be judged",
    "unseen": "changed since or not yet judged by all",
}


def people_saw(samples: int, folded: Iterable[FoldedClip]) -> PeopleSaw | None:
    """None: nobody saw any."""
    clips = [clip for clip in folded if clip.reviews]
    reviews = [review for clip in clips for review in clip.reviews]
    if not reviews:
        return None
    labelled = [clip.reviews[0] for clip in clips if clip.reviews[0].label is not None]
    return PeopleSaw(
        samples=samples,
        reviewed=len(reviews),
        reviewers=len({single.person for review in reviews for single in review.singles}),
        states=Counter(review.text_state for review in reviews),
        clips_labelled=len(labelled),
        clips_relabelled=sum(review.label != review.machine_label for review in labelled),
    )
