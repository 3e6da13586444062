"""The rows of the paper's comparisons: what each trains, and which of them a dataset can serve."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import cast, get_args

from brave_tf import presets
from brave_tf.config import SOURCE_FPS, AudioViewConfig, Config, VideoViewConfig
from brave_tf.config.values import differences, override, to_dict
from brave_tf.config.words import ScaleName, TableName
from brave_tf.errors import UserError, did_you_mean
from brave_tf.modalities import MODALITIES, Modality

EXTENTS = (1.3, 5.0, 10.0)
"""Seconds of the views that Table 1 compares."""
LOOPED_SHARE = 0.05
"""Share of a view that may be longer than the clip, as the paper's views of 10.24 s are in clips of 10 s."""
COMMON = "v-v-tsm50-k600"
"""The experiment that Tables 1 to 4 have in common."""

RANDOM_CONVOLUTION = "broad.rgb.augment.random_convolution=1.0"
WAYS = {
    "paper": (),
    "moving-average": ("model.target_momentum=0.99",),
    "without-predictor": ("model.predictor=false",),
    "without-stop-gradient": ("model.stop_gradient=false",),
    "vicreg": ("model.objective=vicreg",),
    "lejepa": ("model.objective=lejepa",),
}
"""Rows of `collapse` and what they change; VICReg and LeJEPA are not the paper's."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of a comparison.

    Attributes:
        name: its name, also that of its folder.
        config: what it trains, but for the seed.
        against: the row that it is compared with; None for that row itself.
        paper: the paper's scores in percent by benchmark; empty where it gives none.
    """

    name: str
    config: Config
    against: str | None
    paper: Mapping[str, float]


def rows_of(
    table: TableName,
    scale: ScaleName,
    *,
    extents: tuple[float, float, float] = EXTENTS,
    settings: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Row]:
    """The rows of a table at a scale.

    Args:
        table: the table.
        scale: "tiny", or "paper".
        extents: seconds that stand for the paper's 1.3, 5 and 10.
        settings: what is changed in all rows, last; those of a broad view in the rows that have it.
        names: which rows; all if empty.

    Raises:
        UserError: extents are not rising, are given where they have no use, or fall together; a setting would change
            what the rows differ in; there is no such table, scale, row or setting.
    """
    for name, value, words in (("table", table, get_args(TableName)), ("scale", scale, get_args(ScaleName))):
        if value not in words:
            raise UserError(f"received {name} {value}; {did_you_mean(value, words)}expected one of: {', '.join(words)}")
    if not 0 < extents[0] < extents[1] < extents[2]:
        raise UserError(f"received extents {_listed(extents)}; expected three rising lengths in seconds")
    if tuple(extents) != EXTENTS and (table, scale) != ("table1", "tiny"):
        raise UserError(f"received extents for {table} at scale {scale}; expected them for table1 at scale tiny only")
    planned = [
        Row(name, override(presets.get(preset), changes), None if against == name else against, paper)
        for name, preset, changes, against, paper in _planned(table, scale, extents)
    ]
    known = [row.name for row in planned]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UserError(
            f"received rows {', '.join(unknown)}; {did_you_mean(unknown, known)}expected some of: {', '.join(known)}"
        )
    rows = [row for row in planned if not names or row.name in names]
    _check_subject(table, rows, settings)
    broad = {modality for row in rows for modality in row.config.broad.modalities}

    def changed(config: Config) -> Config:
        others = tuple(f"broad.{modality}." for modality in broad - set(config.broad.modalities))
        return override(config, [setting for setting in settings if not setting.startswith(others)])

    return [dataclasses.replace(row, config=changed(row.config)) for row in rows]


def _check_subject(table: str, rows: Sequence[Row], settings: Sequence[str]) -> None:
    """Refuses settings that would make rows alike where the comparison is of their difference."""
    configs = {row.name: to_dict(row.config) for row in rows}
    varied = {
        line.partition(": ")[0]
        for row in rows
        if row.against in configs
        for line in differences(configs[row.against], configs[row.name])
    }
    taken = [setting for setting in settings if setting.partition("=")[0] in varied]
    if taken:
        raise UserError(
            f"received --set {taken[0]}, which is what {table} varies; leave it out, or choose --rows that have it in "
            "common"
        )


def why_left_out(row: Row, seconds: float | None, missing: Mapping[str, str]) -> str | None:
    """Why a dataset cannot serve a row; None if it can.

    Args:
        row: the row.
        seconds: how long the dataset's clips are, by their median; None if it does not say.
        missing: modalities that the dataset lacks, with the reason.
    """
    for modality in row.config.broad.modalities:
        if modality in missing:
            return missing[modality]
    longest = max(view.seconds for view in _views(row.config))
    if seconds is not None and longest > (1 + LOOPED_SHARE) * seconds:
        return f"its longest view is {longest:.3g} s, and half of the clips have at most {seconds:.3g} s"
    return None


def _views(config: Config) -> list[VideoViewConfig | AudioViewConfig]:
    return [config.narrow, *config.broad.visual.values(), *config.broad.sound.values()]


Planned = tuple[str, str, Sequence[str], str, Mapping[str, float]]
"""Name, preset, changes, the row it is compared with, and the paper's scores."""


def _planned(table: TableName, scale: ScaleName, extents: tuple[float, float, float]) -> Iterator[Planned]:
    if table == "collapse":
        preset = COMMON if scale == "paper" else "tiny-v"
        yield from ((name, preset, changes, "paper", {}) for name, changes in WAYS.items())
        return
    prefix = f"{table}-"
    published = [name for name in presets.names() if name.startswith(prefix)]
    for preset in published:
        name = preset.removeprefix(prefix)
        scores = presets.describe(preset).scores
        if scale == "paper":
            yield name, preset, (), _reference(table, name), scores
        else:
            tiny, changes = _TINY[table](name, extents)
            yield name, tiny, changes, _reference(table, name), scores


def _reference(table: TableName, name: str) -> str:
    """The row that a row is compared with."""
    if table == "table1":
        return "narrow1.3-broad1.3-audio" if name.endswith("audio") else "narrow1.3-broad1.3-rgb"
    return {"table2": "rgb", "table3": "1-view", "table4": "unsynced"}[table]


def _tiny_extents(name: str, extents: tuple[float, float, float]) -> tuple[str, Sequence[str]]:
    seconds = dict(zip(("1.3", "5", "10"), extents, strict=True))
    narrow, broad, modality = name.removeprefix("narrow").replace("-broad", "-").split("-")
    is_sound = MODALITIES[cast(Modality, modality)].is_sound
    base = presets.get("tiny-va" if is_sound else "tiny-v")
    short = _video("evaluation", base.narrow.frames, extents[0])
    changes = [*_video("narrow", base.narrow.frames, seconds[narrow]), *short]
    if is_sound:
        return base.name, [*changes, f"broad.audio.seconds={_whole_frames(seconds[broad])}"]
    assert base.broad.rgb is not None
    return base.name, [*changes, *_video("broad.rgb", base.broad.rgb.frames, seconds[broad]), RANDOM_CONVOLUTION]


def _video(view: str, frames: int, seconds: float) -> list[str]:
    """Settings of a view of so many seconds and frames: the step between frames changes, and nothing else if it can."""
    frames = max(2, min(frames, round(seconds * SOURCE_FPS)))
    return [f"{view}.frames={frames}", f"{view}.step={max(1, round(seconds * SOURCE_FPS / frames))}"]


def _whole_frames(seconds: float) -> float:
    return max(1, round(seconds * SOURCE_FPS)) / SOURCE_FPS


def _tiny_pictures(name: str, _: object) -> tuple[str, Sequence[str]]:
    return {"rgb": ("tiny-v", ()), "rgb-rc": ("tiny-v", (RANDOM_CONVOLUTION,)), "flow": ("tiny-f", ())}[name]


def _tiny_views(name: str, _: object) -> tuple[str, Sequence[str]]:
    return "tiny-v", (f"broad.rgb.views={name[0]}", RANDOM_CONVOLUTION)


def _tiny_starts(name: str, _: object) -> tuple[str, Sequence[str]]:
    return "tiny-v", (f"broad.rgb.offset={'aligned' if name == 'synced' else 'independent'}", RANDOM_CONVOLUTION)


_TINY = {"table1": _tiny_extents, "table2": _tiny_pictures, "table3": _tiny_views, "table4": _tiny_starts}
"""From a row's name to its tiny preset and what is changed of that."""


def missing_modalities(held: Mapping[Modality, bool]) -> dict[str, str]:
    """What is said of modalities that a dataset lacks, by modality; `held` tells which it has."""
    return {modality: f"the dataset holds no {MODALITIES[modality].word}" for modality, has in held.items() if not has}


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
