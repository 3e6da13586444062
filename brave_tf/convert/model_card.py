"""The text that a converted checkpoint travels with."""

import math
from collections.abc import Mapping, Sequence

import keras

from brave_tf.encoders.card import EncoderCard
from brave_tf.export.card_text import CITATION, INTENDED_USE, PAPER
from brave_tf.presets import released_checkpoints

_TEXT = """# {name}

A video encoder of BraVe ({paper}),
converted from the JAX release. It was pre-trained without labels.

| | |
|---|---|
| network | {network}, depth {depth}, width {width:g} |
| trainable parameters | {parameters:,} |
| input | clips [B, T, H, W, {channels}], float32 in [0, 1] |
| embedding | [B, {size}] |
| evaluated at | {frames} frames, {step} apart at 25 per second, {pixels} x {pixels} pixels |
| SHA-256 of the source file | `{digest}` |
| converted | {towers} |
| passed over | {passed_over} |

{scores}
## Use

```python
import keras

encoder = keras.saving.load_model("encoder.keras")
```

`saved_model/` holds the same network for TensorFlow and TensorFlow Hub; `brave_tf.load_encoder` opens this directory.

## Intended use and limits

{intended_use}

## Citation

{citation}
"""


def model_card(
    name: str,
    file: str,
    digest: str,
    card: EncoderCard,
    encoder: keras.Model,
    towers: Sequence[str],
    passed_over: Mapping[str, int],
) -> str:
    """The model card of a converted checkpoint, in Markdown.

    Args:
        name: the published name; empty for a file of one's own.
        file: the file's name.
        digest: SHA-256 of the file.
        card: the encoder's facts.
        encoder: the narrow backbone.
        towers: the modules that were converted.
        passed_over: arrays that were not, by module.
    """
    return _TEXT.format(
        name=name or file,
        network=type(encoder).__name__,
        depth=card.network["depth"],
        width=card.network["width"],
        channels=card.network["channels"],
        parameters=sum(math.prod(variable.shape) for variable in encoder.trainable_variables),
        size=encoder.output_shape[-1],
        frames=card.view.frames,
        step=card.view.step,
        pixels=card.view.size,
        digest=digest,
        towers=", ".join(f"`{tower}`" for tower in towers),
        passed_over=", ".join(f"`{module}` ({count} arrays)" for module, count in passed_over.items()) or "nothing",
        scores=_scores(name),
        paper=PAPER,
        intended_use=INTENDED_USE,
        citation=CITATION,
    )


def _scores(name: str) -> str:
    released = released_checkpoints.get(name)
    if released is None:
        return ""
    rows = "\n".join(f"| {benchmark} | {score} |" for benchmark, score in released.scores.items())
    return f"Published for it, linear classifiers on frozen features:\n\n| benchmark | top-1 % |\n|---|---|\n{rows}\n"
