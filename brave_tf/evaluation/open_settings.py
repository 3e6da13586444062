"""What neither the paper nor the released code says, and what is taken instead: lines for the report."""

from collections.abc import Iterator

from brave_tf.evaluation.request import Request
from brave_tf.modalities import MODALITIES, NARROW

_OWN = (
    "training clips are augmented as in the pre-training of this encoder, without blur (paper) and random convolution"
)
_OF_THE_PAPER = (
    "training clips are augmented by the numbers of the paper, without blur: the encoder does not say how its own "
    "pre-training augmented"
)


def open_settings(request: Request) -> list[str]:
    """The choices behind an evaluation, a line each."""
    return [request.protocol.open_settings(request.input_view), *_input_lines(request)]


def _input_lines(request: Request) -> Iterator[str]:
    input_view, view = request.input_view, request.input_view.view
    record = MODALITIES[input_view.modality]
    if record.is_sound:
        yield f"{record.word}: windows of {view.audio_seconds:g} s, {view.windows} evenly spaced ones to test a clip"
        if request.protocol.augments:
            yield (
                "augmented samples of sound: a window that starts anywhere and loops, as in pre-training; the paper "
                "names no other"
            )
        return
    if record.name != NARROW:
        steps = "pre-training augmentation without blur" if record.has_colors else "crop and flip"
        yield f"{record.word}: the broad backbone at the frames and size that it was pre-trained on, {steps}"
    if request.protocol.augments:
        yield _OWN if input_view.augment is not None else _OF_THE_PAPER
    if view.crops > 1:
        where = "on the diagonal, as in the released code" if view.crop_places == "diagonal" else "in a centred row"
        yield f"test crops lie {where}; the paper only counts them"
