"""The page of `brave-tf inspect`: what the towers will see of a dataset, told to someone who has not read the paper."""

import os

from brave_tf.config import Config
from brave_tf.modalities import MODALITIES
from brave_tf.pages.flow_color import DIRECTIONS, wheel
from brave_tf.pages.html import (
    Html,
    code,
    element,
    join,
    page,
    paragraph,
    section,
    table,
    write_page,
)
from brave_tf.pages.inspect_clip import clip_section
from brave_tf.pages.inspect_content import InspectContent
from brave_tf.pages.inspect_seen import encoder_section
from brave_tf.presets.facts import equal_budget, letters, view_facts

_OFFSETS = {"aligned": "with the narrow view", "centered": "middle on middle", "independent": "anywhere, looping"}
_NUMBERS = {1: "one", 2: "two", 3: "three"}


def write(path: str | os.PathLike[str], content: InspectContent) -> None:
    """Writes the page, one self-contained HTML file.

    Args:
        path: the file; its folder is made if absent.
        content: what was found; at least one clip.

    Raises:
        UserError: the place cannot be written.
        ValueError: there is no clip.
    """
    if not content.clips:
        raise ValueError("received no clips; expected at least one")
    config = content.config
    sections = [_views(config), *([_flow()] if _has_flow(config) else [])]
    sections += [encoder_section(content.encoder)] if content.encoder is not None else []
    sections += [clip_section(clip, number, config) for number, clip in enumerate(content.clips, start=1)]
    sections += [_dataset(content), section("This page again", code(content.command))]
    write_page(path, page(f"What the networks will see: {config.name}", sections, lead=_lead(content)))


def _lead(content: InspectContent) -> Html:
    config = content.config
    narrow, broad = element("span", "narrow view", class_="narrow"), element("span", "broad view", class_="broad")
    wide = broad if _broad_views(config) == 1 else element("span", "broad views", class_="broad")
    return join(
        paragraph(
            f"{config.name} ({letters(config)}) learns from videos without labels. One network, the one that is kept, "
            "gets a ",
            narrow,
            f" of each clip: {_visual_words(config, 'narrow')}. ",
            "A second network gets " if len(config.broad.modalities) == 1 else "Others get ",
            "a " if _broad_views(config) == 1 else "",
            wide,
            f": {'; and '.join(_broad_words(config))}.",
        ),
        paragraph(
            "Both sides must predict what the other makes of its view. The narrow one can do that only by "
            "understanding what goes on in the clip beyond the moment that it sees. All views are placed, cropped and "
            "changed at random each time that a clip comes by, so that remembering positions, colours or sizes does "
            "not help."
        ),
        _shown(content),
    )


def _shown(content: InspectContent) -> Html:
    count, config = len(content.clips), content.config
    words = (
        f"Below: the first {_NUMBERS.get(count, count)} {'clip' if count == 1 else 'clips'} that a run with seed "
        f"{config.seed} trains on, exactly as the networks get them."
    )
    if count < content.wanted:
        words += (
            f" {content.wanted} were asked for; split {content.split} has no more than {content.usable} that this "
            "experiment can use."
        )
    return paragraph(words)


def _broad_views(config: Config) -> int:
    return sum(facts["views"] for name, facts in view_facts(config).items() if name != "narrow")


def _visual_words(config: Config, name: str) -> str:
    facts = view_facts(config)[name]
    if facts["frames"] == 1:
        return f"a single picture of {facts['size']} × {facts['size']} pixels"
    what = MODALITIES[facts["modality"]].plain_words
    return (
        f"{facts['frames']} {what} over {facts['seconds']:.3g} seconds, {facts['size']} × {facts['size']} pixels each"
    )


def _broad_words(config: Config) -> list[str]:
    words = []
    for name, facts in view_facts(config).items():
        if name == "narrow":
            continue
        record = MODALITIES[facts["modality"]]
        if record.is_sound:
            words.append(f"{facts['seconds']:.3g} seconds of {record.plain_words}")
        else:
            many = f"{_NUMBERS.get(facts['views'], facts['views'])} times " if facts["views"] > 1 else ""
            each = ", each drawn by itself" if facts["views"] > 1 else ""
            words.append(f"{many}{_visual_words(config, name)}{each}")
    return words


def _views(config: Config) -> Html:
    rows = []
    for name, facts in view_facts(config).items():
        side = "narrow" if name == "narrow" else f"broad, × {facts['views']}" if facts["views"] > 1 else "broad"
        record = MODALITIES[facts["modality"]]
        if record.is_sound:
            grid = f"{facts['spectrogram_frames']:,} × {facts['mel_bands']} bands"
            rate, size = f"{facts['sample_rate_hz']:,} Hz", f"{facts['cells']:,}"
        else:
            grid = f"{facts['frames']} × {facts['size']} × {facts['size']} px"
            rate, size = f"{facts['fps']:.4g} fps", f"{facts['pixels']:,}"
        rows.append((side, record.word, f"{facts['seconds']:.4g} s", rate, grid, size, _start(name, facts["offset"])))
    header = ("view", "shows", "length", "rate", "frames × size", "pixels or cells", "starts")
    budget = equal_budget(config)
    same = f"Both sides get the same {budget:,} pixels: the broad one is longer, and coarser." if budget else ""
    return section("The views", table(header, rows), paragraph(same) if same and _is_longer(config) else "")


def _is_longer(config: Config) -> bool:
    return all(view.seconds > config.narrow.seconds for view in config.broad.visual.values())


def _start(name: str, offset: str) -> str:
    if name == "narrow":
        return "anywhere it fits"
    return _OFFSETS[offset]


def _has_flow(config: Config) -> bool:
    return any(MODALITIES[modality].is_directed for modality in config.broad.modalities)


def _flow() -> Html:
    words = (
        "Optical flow says for every pixel where it moves from one frame to the next. Here the colour is the direction "
        f"({DIRECTIONS}) and its strength is the speed; white stands still. The networks get the two numbers, not the "
        "colours. A flip to the left and right turns motion to the right into motion to the left: its colours change."
    )
    return section("How to read optical flow", element("div", wheel(), paragraph(words), class_="legend"))


def _dataset(content: InspectContent) -> Html:
    rows = [*content.facts, (f"clips that {content.config.name} can use", f"{content.usable:,}")]
    rows += [(f"left out: {reason}", f"{count:,}") for reason, count in content.left_out.items() if count]
    if not any(content.left_out.values()):
        rows.append(("left out", "none"))
    return section("The dataset", table(("what", "value"), rows))
