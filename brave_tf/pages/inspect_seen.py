"""What an encoder sees, on the page of `brave-tf inspect`: an explanation, and a part for each clip."""

import numpy as np

from brave_tf.modalities import MODALITIES
from brave_tf.pages.charts import square_map
from brave_tf.pages.html import Frames, Html, element, figure, join, paragraph, percent, resized, section, strip
from brave_tf.pages.inspect_content import EncoderFacts, SeenClip

COLORED_PIXELS = 112
QUALITY = 80


def encoder_section(facts: EncoderFacts) -> Html:
    """Which encoder it is, and how to read what is shown of it in every clip."""
    what = f"{MODALITIES[facts.modality].word}, {facts.embedding_size:,} numbers a window"
    trained = f", after {facts.steps:,} training steps" if facts.steps else ""
    parts = [paragraph("The encoder ", element("code", facts.path), f" ({facts.tower} tower: {what}{trained}).")]
    if facts.map_places is not None:
        rows, columns = facts.map_places
        parts.append(
            paragraph(
                f"Colours: for each of {rows} × {columns} places of a moment the network has a vector; the embedding "
                "is their mean. Their first three principal components over all clips of this page are red, green and "
                f"blue ({percent(facts.explained)} of what differs). Places of like colours mean like things to the "
                "encoder, in all clips. Which colour it is means nothing."
            )
        )
    if facts.remark:
        parts.append(paragraph(facts.remark))
    parts.append(
        paragraph(
            "Similarity: each clip is cut into windows, and each square compares two of them, by the cosine of their "
            "embeddings without the mean over all clips of this page: light where they are alike. Bright blocks along "
            "the diagonal are stretches in which nothing changes for the encoder; bright squares away from it are "
            "moments that come back. A clip that is light all over is one and the same to it. Windows that overlap "
            "share frames, and are alike for that reason too."
        )
    )
    return section("What the encoder sees", *parts)


def seen_part(seen: SeenClip, number: int) -> Html:
    """What the encoder sees of one clip.

    Args:
        seen: what to show.
        number: the clip's place on the page, from 1.
    """
    title = element("h3", "What the encoder sees")
    if seen.unseen:
        return element("div", title, paragraph(f"It cannot see this clip: {seen.unseen}."), class_="view")
    parts = [title]
    if seen.colors is not None and seen.frames is not None:
        parts.append(_colors(seen, number))
    parts.append(_similarity(seen, number))
    return element("div", *parts, class_="view")


def _colors(seen: SeenClip, number: int) -> Html:
    count = len(seen.seconds)
    times = element("div", *(element("span", f"{second:.2f} s") for second in seen.seconds), class_="times")
    rows = join(
        strip(_small(seen.frames), f"{count} moments of clip {number}, as the encoder gets them", quality=QUALITY),
        strip(
            _small(seen.colors), f"the same moments of clip {number}, coloured by the encoder's map", quality=QUALITY
        ),
        times,
    )
    return element("div", rows, class_="scroll", tabindex="0", role="group")


def _small(frames: Frames | None) -> Frames:
    assert frames is not None
    return np.stack([resized(frame, COLORED_PIXELS) for frame in frames])


def _similarity(seen: SeenClip, number: int) -> Html:
    similarity, windows = seen.similarity, seen.windows
    if len(similarity) < 2:
        return paragraph("The clip is no longer than one window of the encoder: there is nothing to compare.")
    apart = similarity[~np.eye(len(similarity), dtype=bool)]
    alt = (
        f"similarity of {len(similarity)} windows of clip {number}: cosines of different windows from "
        f"{np.min(apart):.2f} to {np.max(apart):.2f}, {apart.mean():.2f} on average"
    )
    length = float(windows[0, 1] - windows[0, 0])
    caption = f"{len(similarity)} windows of {length:.2f} s, by their middles: {alt.split(': ', 1)[1]}."
    return figure(square_map(similarity, windows.mean(axis=1), alt, label="seconds of the clip"), caption)
