"""The face engine `mesh`: frames in, one FaceTrack of geometric action unit proxies out."""

from typing import Final

from pydantic import Field

from annotators.base import FrameBatch
from annotators.face_notes import FrameNote, seen_face, trusted_faces
from annotators.face_track import track_columns
from annotators.models.mesh import MeshModels
from annotators.models.mesh_tracker import FaceTracker, Looks
from annotators.shots import ShotDetector
from schemas.errors import ClipError
from schemas.face import FaceTrack
from schemas.maker import Maker
from schemas.units import Row

ENGINE: Final = "mesh"
VERSION: Final = "2"


class MeshSettings(Row):
    """Settings of the face engine `mesh`."""

    detect_every: int = Field(
        default=10,
        ge=1,
        description="frames between two looks for other faces while one is followed",
    )
    presence_from: float = Field(
        default=1.0,
        gt=0,
        le=5,
        description="least intensity at which an action unit counts as present (FACS scores from 1,"
        " a trace; the proxies tremble below 0.3)",
    )
    least_inside: float = Field(
        default=0.75, ge=0, le=1, description="least share of a face's box inside the picture"
    )
    turned_too_far_deg: float = Field(
        default=60.0, gt=0, le=90, description="yaw or pitch beyond which a face is not measured"
    )


class FaceListener:
    """Hears the frames of one clip and follows its largest face.

    The same frames give the same row however they are batched.
    """

    def __init__(
        self, clip_id: str, models: MeshModels, *, settings: MeshSettings | None = None
    ) -> None:
        self._clip_id = clip_id
        self._made_by = Maker(engine=ENGINE, version=VERSION, model=models.digest)
        self._settings = settings or MeshSettings()
        self._tracker = FaceTracker(models, Looks(every=self._settings.detect_every))
        self._shots = ShotDetector()
        self._shot = -1
        self._notes: list[FrameNote] = []

    def feed(self, batch: FrameBatch) -> None:
        # One thing after the other for all frames: its code stays in the processor's cache.
        cuts = [self._shots.see(small) for small in batch.small]
        sights = [
            self._tracker.see(frame, new_shot=cut and index > 0)
            for index, (frame, cut) in enumerate(zip(batch.frames, cuts, strict=True), batch.index)
        ]
        for t_s, frame, cut, sight in zip(batch.t_s, batch.frames, cuts, sights, strict=True):
            self._shot += cut
            self._notes.append(
                FrameNote(
                    t_s=float(t_s),
                    shot=self._shot,
                    person=sight.person,
                    faces=sight.faces,
                    other_size=sight.other_size,
                    face=None if sight.mesh is None else seen_face(sight.mesh, frame),
                )
            )

    def finish(self) -> FaceTrack:
        """The track of the whole clip; ClipError if no frame came."""
        if not self._notes:
            raise ClipError(f"{self._clip_id}: no frame was decoded, so there is no face track")
        trusted = trusted_faces(
            self._notes,
            least_inside=self._settings.least_inside,
            turned_too_far_deg=self._settings.turned_too_far_deg,
        )
        columns = track_columns(self._notes, trusted, self._settings.presence_from)
        return FaceTrack.model_validate(
            {"clip_id": self._clip_id, "made_by": self._made_by, "proxy": True, **columns}
        )
