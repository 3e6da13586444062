"""A clip's time line with the windows of its views drawn on it."""

import math
from collections.abc import Sequence

from brave_tf.pages.html import Html, text
from brave_tf.pages.inspect_content import Window

_LEFT, _BAR, _WORDS = 128.0, 560.0, 14.0
_WIDTH = 930
_LANE, _GAP, _AXIS = 16.0, 14.0, 26.0
_MOST_TICKS = 12
_TOUCH = 1e-9
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def timeline(seconds: float, windows: Sequence[Window]) -> Html:
    """An axis as long as the clip, and under it a bar for each view.

    White lines in a bar are the frames that are taken. A view that runs past the end goes on at the start: a dashed
    line leads there from its first piece. Pieces that overlap lie under each other.

    Args:
        seconds: how long the clip is.
        windows: of its views.
    """
    parts = [_axis(seconds, windows)]
    top = _AXIS + 16
    for window in windows:
        drawn, height = _row(window, seconds, top)
        parts.append(drawn)
        top += height + _GAP
    words = f"time line of a clip of {seconds:.1f} s. " + ". ".join(f"{w.name}: {when(w)}" for w in windows)
    return Html(
        f'<svg viewBox="0 0 {_WIDTH} {top:.0f}" class="timeline" role="img" aria-label="{text(words)}" '
        f'font-family="inherit" font-size="13">{"".join(parts)}</svg>'
    )


def when(window: Window) -> str:
    """Where a view lies, in words, such as `7.20 to 10.00 s, then from the start to 4.64 s`."""
    first, *others = window.pieces
    words = f"{first[0]:.2f} to {first[1]:.2f} s"
    if not others:
        return words
    if len(others) == 1:
        return f"{words}, then {others[0][0]:.2f} to {others[0][1]:.2f} s"
    return f"{words}, then {len(others)} times from the start, last to {others[-1][1]:.2f} s"


def _place(second: float, seconds: float) -> float:
    return _LEFT + _BAR * second / seconds


def _axis(seconds: float, windows: Sequence[Window]) -> str:
    step = next((step for step in _STEPS if seconds / step <= _MOST_TICKS), math.ceil(seconds / _MOST_TICKS))
    end, y = _LEFT + _BAR, _AXIS
    parts = [
        f'<text x="0" y="{y + 4:.0f}" class="quiet-text">clip</text>',
        f'<path d="M{_LEFT} {y}H{end}M{_LEFT} {y - 5}v10M{end} {y - 5}v10" class="axis"/>',
        f'<text x="{end + _WORDS:.0f}" y="{y + 4:.0f}" class="quiet-text">{seconds:.2f} s</text>',
    ]
    for number in range(int(seconds / step + 1e-9) + 1):
        x = _place(number * step, seconds)
        parts.append(f'<path d="M{x:.1f} {y - 3}v6" class="axis"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{y - 9:.0f}" text-anchor="middle" class="quiet-text">{number * step:g}</text>'
        )
    return "".join(parts)


def _row(window: Window, seconds: float, top: float) -> tuple[str, float]:
    """The drawing of one window, and its height."""
    lanes = _lanes(window.pieces)
    lane_height = _LANE if max(lanes) < 2 else _LANE / 2
    height = (max(lanes) + 1) * (lane_height + 2)
    parts = [f'<text x="0" y="{top + 12:.0f}" class="{window.kind}-text">{text(window.name)}</text>']
    begun = 0
    for (start, end), lane in zip(window.pieces, lanes, strict=True):
        x, y, width = _place(start, seconds), top + lane * (lane_height + 2), _BAR * (end - start) / seconds
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" height="{lane_height:g}" rx="2" '
            f'class="{window.kind}-bar"/>'
        )
        ticks, begun = _ticks(window.frames, begun, end, seconds, y, lane_height)
        parts.append(ticks)
    if len(window.pieces) > 1:
        parts.append(_loop(window, lanes[1], seconds, top, lane_height))
    parts.append(
        f'<text x="{_LEFT + _BAR + _WORDS:.0f}" y="{top + 12:.0f}" class="quiet-text">{text(_short(window))}</text>'
    )
    return "".join(parts), height


def _lanes(pieces: Sequence[tuple[float, float]]) -> list[int]:
    """The lane of each piece: the first one in which it overlaps nothing."""
    lanes: list[list[tuple[float, float]]] = []
    chosen = []
    for start, end in pieces:
        free = (n for n, lane in enumerate(lanes) if all(end <= a + _TOUCH or b <= start + _TOUCH for a, b in lane))
        number = next(free, len(lanes))
        if number == len(lanes):
            lanes.append([])
        lanes[number].append((start, end))
        chosen.append(number)
    return chosen


def _ticks(frames: Sequence[float], begun: int, end: float, seconds: float, y: float, height: float) -> tuple[str, int]:
    """Lines at the frames from number `begun` on that lie in one piece, and the number of the next frame."""
    number, marks = begun, ""
    while number < len(frames) and frames[number] < end and (number == begun or frames[number] > frames[number - 1]):
        marks += f"M{_place(frames[number], seconds):.1f} {y:.1f}v{height:g}"
        number += 1
    return (f'<path d="{marks}" class="ticks"/>' if marks else ""), number


def _loop(window: Window, lane: int, seconds: float, top: float, lane_height: float) -> str:
    """The dashed way from the end of the first piece to the start of the second, which lies in `lane`."""
    right = _place(window.pieces[0][1], seconds)
    left, y = _place(window.pieces[1][0], seconds), top + lane_height / 2
    there = y + lane * (lane_height + 2)
    return (
        f'<path d="M{right:.1f} {y:.1f}h7V{top - 5:.1f}H{left - 9:.1f}V{there:.1f}h5" class="loop"/>'
        f'<path d="M{left - 5:.1f} {there - 3.5:.1f}l5 3.5 -5 3.5z" class="loop-tip"/>'
    )


def _short(window: Window) -> str:
    pieces = window.pieces
    if len(pieces) == 1:
        return f"{pieces[0][0]:.2f} – {pieces[0][1]:.2f} s"
    return f"{pieces[0][0]:.2f} s – end, loops to {pieces[-1][1]:.2f} s" + (
        f" (×{len(pieces) - 1})" if len(pieces) > 2 else ""
    )
