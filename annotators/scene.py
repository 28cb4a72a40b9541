"""The scene in plain words: shot size, light, colour, movement, faces, where the head points.

Every threshold here is our convention, not a norm: it puts a word on a measure that stands beside
it in the row. Nothing is said about who, where or what anybody feels.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeVar

from schemas.face import FaceTrack
from schemas.maker import Maker
from schemas.peak import Peak
from schemas.scene import Look, Scene, ShotSize

VERSION: Final = "2"

Light = Literal["dark", "dim", "even", "bright"]
Colour = Literal["black and white", "muted", "colourful"]
W = TypeVar("W", bound=str)

# Height of the face / height of the frame, from which on the next larger name holds. A person is
# about 7.5 heads tall (the artists' canon), and the face box of `mesh`, hairline to chin, about 0.8
# of a head: a whole standing body leaves it 0.11 of the frame, a body down to the chest 0.3, and
# from 0.9 on the frame cuts the head. Boxes that start at the brows come out a little smaller.
_SHOT_SIZES: Final[Sequence[tuple[float, ShotSize]]] = (
    (0.90, "extreme close-up"),
    (0.30, "close-up"),
    (0.12, "medium shot"),
    (0.0, "long shot"),
)
_LIGHTS: Final[Sequence[tuple[float, Light]]] = (
    (0.65, "bright"),
    (0.30, "even"),
    (0.12, "dim"),
    (0.0, "dark"),
)
_COLOURS: Final[Sequence[tuple[float, Colour]]] = (
    (0.30, "colourful"),
    (0.04, "muted"),
    (0.0, "black and white"),
)
_MOTIONS: Final[Sequence[tuple[float, str]]] = (
    (0.015, "There is a lot of movement in the picture."),
    (0.003, "There is some movement in the picture."),
    (0.0, "The picture is almost still."),
)
_CONTRAST: Final = 0.28  # sd of luma from which on middling light is not called even
_FRONTAL_DEG: Final = 15.0  # a head turned by less than this faces the camera
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def describe_scene(
    clip_id: str, look: Look, track: FaceTrack, peak: Peak, frame_height: int
) -> Scene:
    """`frame_height` in pixels, as shown. Face and head are those of the peak frame; where a clip
    has a face but no peak, of the frame in which the face is most certain."""
    frame = _telling_frame(track, peak)
    shot_size = None if frame is None else _shot_size(track.box_height_px[frame], frame_height)
    head = None if frame is None else head_direction(track, frame)
    light = _word(_LIGHTS, look.luma_mean)
    colour = _word(_COLOURS, look.saturation_mean)
    faces = 0 if frame is None else max(1, *track.faces)
    said = (
        f"No face is found in this {_LIT[light]}, {_hyphened(colour)} picture."
        if frame is None
        else f"{_picture(shot_size, look, track)} shows {_people(faces, head)}."
    )
    sentences = [said, *_changes(look, track)]
    return Scene(
        clip_id=clip_id,
        made_by=Maker(engine="measured", version=VERSION),
        shot_size=shot_size,
        light=light,
        luma_mean=look.luma_mean,
        luma_sd=look.luma_sd,
        colour=colour,
        motion=look.motion,
        faces=faces,
        head=head,
        description=" ".join(sentences),
    )


def head_direction(track: FaceTrack, frame: int) -> str | None:
    """Where the head points in the viewer's words; None where the pose is not known.

    The person's left is the viewer's right.
    """
    yaw, pitch = track.yaw_deg[frame], track.pitch_deg[frame]
    if yaw is None or pitch is None:
        return None
    turned = []
    if abs(yaw) > _FRONTAL_DEG:
        turned.append(f"turned to the viewer's {'right' if yaw > 0 else 'left'}")
    if abs(pitch) > _FRONTAL_DEG:
        turned.append(f"tilted {'down' if pitch > 0 else 'up'}")
    return " and ".join(turned) or "facing the camera"


def _telling_frame(track: FaceTrack, peak: Peak) -> int | None:
    if peak.moment is not None:
        return peak.moment.frame_index
    found = [i for i, success in enumerate(track.success) if success]
    return max(found, key=lambda i: track.confidence[i] or 0.0, default=None)


def _shot_size(face_px: float | None, frame_px: int) -> ShotSize | None:
    return None if face_px is None else _word(_SHOT_SIZES, face_px / frame_px)


def _word(scale: Sequence[tuple[float, W]], value: float) -> W:
    """The first word whose threshold the value reaches; the last threshold is 0."""
    return next(word for least, word in scale if value >= least)


_LIT: Final[dict[Light, str]] = {
    "dark": "dark",
    "dim": "dimly lit",
    "even": "evenly lit",
    "bright": "brightly lit",
}


def _hyphened(colour: Colour) -> str:
    return "black-and-white" if colour == "black and white" else colour


def _picture(shot_size: ShotSize | None, look: Look, track: FaceTrack) -> str:
    """The picture around the face, e.g. "A colourful close-up in dim light".

    Light and colour are those of the whole clip: after a cut nobody knows whose they are.
    """
    shot: str = shot_size or "picture"
    if _shots(track) > 1:
        return f"{_article(shot)} {shot}"
    colour = _word(_COLOURS, look.saturation_mean)
    if colour != "muted":
        shot = f"{_hyphened(colour)} {shot}"
    return f"{_article(shot)} {shot} {_light_phrase(look)}"


def _light_phrase(look: Look) -> str:
    light = _word(_LIGHTS, look.luma_mean)
    if light == "even" and look.luma_sd >= _CONTRAST:
        return "with strong contrast"
    return "in near darkness" if light == "dark" else f"in {light} light"


def _changes(look: Look, track: FaceTrack) -> list[str]:
    """What happens in time: movement and cuts."""
    said = [] if look.motion is None else [_word(_MOTIONS, look.motion)]
    if _shots(track) > 1:
        said.append(f"The clip is cut together from {_number(_shots(track))} shots.")
    return said


def _shots(track: FaceTrack) -> int:
    return len(set(track.shot))


def _article(noun: str) -> str:
    return "An" if noun[0] in "aeiou" else "A"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _people(faces: int, head: str | None) -> str:
    if faces == 1:
        if head is None:
            return "one person"
        return f"one person {head}" if head.startswith("facing") else f"one person, head {head}"
    people = f"{_number(faces)} people"
    return people if head is None else f"{people}, the one followed {head}"
