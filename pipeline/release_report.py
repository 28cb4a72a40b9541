"""Gathers what the report of a release shows while its rows stream by."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.contents import ReleasedClip, released_clips
from pipeline.folding import FoldedClip
from pipeline.imported import ImportedClip
from pipeline.people import PeopleSaw
from pipeline.report import write_report
from pipeline.report_facts import ClipFacts, ReportHead, SheetEntry, choose_sheet
from schemas.release import Manifest, Outcome


class ReportCollector:
    """Keeps numbers of every clip; pictures only of the few that are chosen at the end."""

    def __init__(self, seed: int, folded: Mapping[str, FoldedClip]) -> None:
        self._seed = seed
        self._folded = folded
        self._facts: list[ClipFacts] = []
        self._shards: dict[str, Shard] = {}
        self._imported: dict[str, ImportedClip] = {}

    def add(self, clip: ReleasedClip, split: str, shard: Shard) -> None:
        self._shards[clip.clip.clip_id] = shard
        self._facts.append(
            ClipFacts(
                clip_id=clip.clip.clip_id,
                label=clip.coarse.pseu_emotion,
                tier="fine" if clip.fine else "coarse",
                split=split,
                duration_s=clip.clip.duration_s,
                peak_aus=clip.coarse.peak_AU_list or (),
                coarse_words=_words(clip.coarse.caption),
                fine_words=_words(clip.fine.smp_reason_caption if clip.fine else None),
                proxy="proxy_action_units" in clip.evidence.flags,
            )
        )

    def add_imported(self, clip: ImportedClip, split: str) -> None:
        """It has texts and a label, but neither picture nor length."""
        coarse, fine = clip.coarse, clip.fine
        self._imported[coarse.clip_id] = clip
        self._facts.append(
            ClipFacts(
                clip_id=coarse.clip_id,
                label=coarse.pseu_emotion,
                tier="fine" if fine else "coarse",
                split=split,
                duration_s=None,
                peak_aus=coarse.peak_AU_list or (),
                coarse_words=_words(coarse.caption),
                fine_words=_words(fine.smp_reason_caption if fine else None),
                proxy=False,
            )
        )

    def write(
        self,
        path: Path,
        manifest: Manifest,
        outcomes: Sequence[Outcome],
        chain: Chain,
        people: PeopleSaw | None,
    ) -> None:
        head = ReportHead(
            name=manifest.name,
            version=manifest.version,
            licence=manifest.licence,
            source_licence=manifest.source_licence,
            engines=manifest.engines,
            found=manifest.found,
            states=manifest.states,
            people=None if people is None else people.text(),
        )
        write_report(
            path, head=head, clips=self._facts, sheet=self._sheet(chain), outcomes=outcomes
        )

    def _sheet(self, chain: Chain) -> list[SheetEntry]:
        chosen = choose_sheet(self._facts, seed=self._seed)
        coarse_only = {facts.clip_id for facts in self._facts if facts.tier == "coarse"}
        entries = {i: _imported(self._imported[i]) for i in chosen if i in self._imported}
        measured = [clip_id for clip_id in chosen if clip_id in self._shards]
        for shard in dict.fromkeys(self._shards[clip_id] for clip_id in measured):
            for clip in released_clips(chain, shard, without_fine=coarse_only, folded=self._folded):
                if clip.clip.clip_id in chosen:
                    embedded = chain.settings.publish.media != "reference"
                    entries[clip.clip.clip_id] = _entry(clip, embedded=embedded)
        return [entries[clip_id] for clip_id in chosen if clip_id in entries]


def _imported(clip: ImportedClip) -> SheetEntry:
    return SheetEntry(
        clip_id=clip.coarse.clip_id,
        name=clip.coarse.name,
        label=clip.coarse.pseu_emotion,
        peak_t_s=None,
        jpeg=None,
        caption=clip.coarse.caption,
        fine_text=clip.fine.smp_reason_caption if clip.fine else None,
    )


def _words(text: str | None) -> int | None:
    return None if text is None else len(text.split())


def _entry(clip: ReleasedClip, *, embedded: bool) -> SheetEntry:
    peak = clip.stills.peak if embedded else None
    return SheetEntry(
        clip_id=clip.clip.clip_id,
        name=clip.names[0],
        label=clip.coarse.pseu_emotion,
        peak_t_s=clip.coarse.peak_t_s,
        jpeg=peak.jpeg if peak else None,
        caption=clip.coarse.caption,
        fine_text=clip.fine.smp_reason_caption if clip.fine else None,
    )
