"""What neither the paper nor the released code says, and what is taken instead: lines for the report."""

from collections.abc import Iterator

from brave_tf.evaluation.request import Request


def open_settings(request: Request) -> list[str]:
    """The choices behind an evaluation, a line each."""
    return [request.protocol.open_settings(request.input_view), *_input_lines(request)]


def _input_lines(request: Request) -> Iterator[str]:
    input_view, view = request.input_view, request.input_view.view
    if input_view.modality == "audio":
        yield f"sound: windows of {view.audio_seconds:g} s, {view.windows} evenly spaced ones to test a clip"
        if request.protocol.augments:
            yield (
                "augmented samples of sound: a window that starts anywhere and loops, as in pre-training; the paper "
                "names no other"
            )
        return
    if input_view.modality == "flow":
        yield "optical flow: the broad backbone at the frames and size that it was pre-trained on, crop and flip"
    if view.crops > 1:
        where = "on the diagonal, as in the released code" if view.crop_places == "diagonal" else "in a centred row"
        yield f"test crops lie {where}; the paper only counts them"
