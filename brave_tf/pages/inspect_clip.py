"""One clip on the page of `brave-tf inspect`: its time line, and every view before and after augmentation."""

from collections.abc import Iterable, Sequence

import numpy as np

from brave_tf.config import Config
from brave_tf.modalities import MODALITIES
from brave_tf.pages.charts import heat_map
from brave_tf.pages.html import Html, element, figure, image, join, paragraph, player, resized, section, strip
from brave_tf.pages.inspect_content import Draw, Frames, InspectedClip, SoundView, VisualView
from brave_tf.pages.inspect_seen import seen_part
from brave_tf.pages.tabs import tabs
from brave_tf.pages.timeline import timeline, when

THUMBNAIL_PIXELS = 88
WHOLE_PIXELS = 240
QUALITY = 70
GAP_GRAY = 200
"""Between two frames: pictures of flow are white where nothing moves."""
_DARKENED = 0.45
_BORDER_SHARE = 0.012


def clip_section(clip: InspectedClip, number: int, config: Config) -> Html:
    """The section of one clip, with a tab for each of its draws.

    Args:
        clip: what to show.
        number: its place on the page, from 1.
        config: the experiment.
    """
    begin = f", from {clip.start_seconds:.1f} s of it on" if clip.start_seconds else ""
    panels = [(_label(draw, place), _draw(draw, clip)) for place, draw in enumerate(clip.draws)]
    return section(
        f"Clip {number}: {clip.source}",
        paragraph(f"{clip.seconds:.2f} s of {clip.source}{begin}; training example number {clip.example}."),
        tabs(f"clip-{number}", "What is random? The same clip, drawn", panels),
        "" if clip.seen is None else seen_part(clip.seen, number),
    )


def _label(draw: Draw, place: int) -> str:
    return f"with seed {draw.seed}" + (", as in the run" if place == 0 else "")


def _draw(draw: Draw, clip: InspectedClip) -> Html:
    loops = any(len(window.pieces) > 1 for window in draw.windows)
    words = "White lines are the frames that a network gets."
    if loops:
        words += " The dashed line: a view that runs past the end of the clip goes on at its start."
    drawing = element("div", timeline(clip.seconds, draw.windows), class_="wide")
    parts = [figure(drawing, words), *(_visual(view) for view in (draw.narrow, *draw.broad))]
    return join(*parts, _sound(draw.sound) if draw.sound else "")


def _visual(view: VisualView) -> Html:
    window = view.window
    count = len(window.frames)
    note = f", {len(view.seconds)} of them shown" if count > len(view.seconds) else ""
    height, width = view.crop[2:]
    caption = (
        f"the whole frame at {view.seconds[0]:.2f} s; the bright part, {width} × {height} of {view.whole.shape[1]} × "
        f"{view.whole.shape[0]} px, is cut out of all frames"
    )
    frames = f"{'frame' if count == 1 else 'frames'} of {MODALITIES[view.modality].word}"
    name = f"frames of the {window.name}"
    return element(
        "div",
        element("h4", element("span", window.name, class_=window.kind), f": {when(window)}"),
        paragraph(f"{count} {frames}{note}."),
        element(
            "div",
            figure(image(_marked(view), f"whole frame with the crop of the {window.name}", quality=QUALITY), caption),
            element(
                "div",
                element("div", "before: cut out, and resized to a square", class_="label"),
                _strip(view.before, view.seconds, f"{len(view.before)} {name}, before augmentation"),
                element("div", f"after, as the network gets it: {_changes(view)}", class_="label"),
                _strip(view.after, view.seconds, f"the same {name}, after augmentation: {view.parameters}"),
            ),
            class_="seen",
        ),
        class_="view",
    )


def _changes(view: VisualView) -> str:
    words = view.parameters
    if view.shown_range is not None:
        low, high = view.shown_range
        words += f". Its values leave 0 to 1; here {low:.2f} is black and {high:.2f} is white"
    if view.full_speed is not None:
        words += f". The strongest colours move by {view.full_speed:.1f} pixels per frame or more"
    return words


def _strip(frames: Frames, seconds: Sequence[float], alt: str) -> Html:
    small = np.stack([resized(frame, THUMBNAIL_PIXELS) for frame in frames])
    times = element("div", *_times(seconds), class_="times")
    row = strip(small, alt, gap_gray=GAP_GRAY, quality=QUALITY)
    return element("div", row, times, class_="scroll", tabindex="0", role="group")


def _times(seconds: Sequence[float]) -> Iterable[Html]:
    """The frames' times, with a mark where the view has begun again at the start of the clip."""
    for place, second in enumerate(seconds):
        if place and second <= seconds[place - 1]:
            yield element("span", f"↻ {second:.2f} s", class_="again", title="from the start of the clip again")
        else:
            yield element("span", f"{second:.2f} s")


def _marked(view: VisualView) -> Frames:
    """The whole frame, dark outside the crop, which has a white and black border."""
    top, left, height, width = view.crop
    marked = (view.whole * _DARKENED).astype(np.uint8)
    border = max(round(max(view.whole.shape[:2]) * _BORDER_SHARE), 1)
    for margin, color in ((2 * border, 0), (border, 255)):
        marked[max(top - margin, 0) : top + height + margin, max(left - margin, 0) : left + width + margin] = color
    inside = slice(top, top + height), slice(left, left + width)
    marked[inside] = view.whole[inside]
    return resized(marked, WHOLE_PIXELS)


def _sound(view: SoundView) -> Html:
    moments, bands = view.spectrogram.shape
    words = (
        f"{view.seconds:.3g} s of sound as the network gets it: {moments:,} moments of {bands} pitches, from "
        f"{view.low_hz:g} Hz (band 0) to {view.high_hz:g} Hz; light is loud. Only where it starts is random."
    )
    if view.silent_seconds > 0:
        words += f" The last {view.silent_seconds:.2f} s are silence, for the sound ends before."
    spectrogram = heat_map(
        view.spectrogram,
        f"spectrogram of the {view.window.name}: {when(view.window)} of the clip",
        x_label="seconds of the view",
        y_label="mel band",
        x_limit=view.seconds,
        class_="spectrogram",
    )
    listen = (
        "" if view.waveform is None else player(view.waveform, view.rate_hz, f"the sound of the {view.window.name}")
    )
    return element(
        "div",
        element("h4", element("span", view.window.name, class_=view.window.kind), f": {when(view.window)}"),
        paragraph(words),
        spectrogram,
        listen,
        class_="view",
    )
