"""The page of `brave-tf report`: how a pre-training run went, or goes, from the record that it keeps."""

import math
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brave_tf.config.values import yaml_lines
from brave_tf.pages.html import (
    Html,
    code,
    duration,
    element,
    join,
    page,
    paragraph,
    percent,
    section,
    table,
    write_page,
)
from brave_tf.pages.run_charts import VIEWS, Curves, collapse_limit, curves, draw
from brave_tf.pages.run_checkpoints import checkpoints_section
from brave_tf.pages.thinning import MOST_POINTS
from brave_tf.runs.metrics import low_rank_events
from brave_tf.runs.record import RunRecord, number

RECENT_LINES = 20
"""Lines whose speed says how long the rest will take."""

_REASONS = {
    "collapse": "The projections of different clips became nearly the same: easy to predict, and of no use.",
    "non-finite loss": "The loss became NaN or infinite, from where no further step can bring it back.",
    "damaged clips": "More clips turned out to be damaged than monitor.damaged_share allows.",
}


def write(path: str | os.PathLike[str], record: RunRecord, command: str) -> None:
    """Writes the page, one self-contained HTML file.

    Args:
        path: the file; its folder is made if absent.
        record: the run.
        command: what makes the page again.

    Raises:
        UserError: the place cannot be written.
    """
    ranking = [] if record.ranking is None else [checkpoints_section(record.ranking)]
    sections = [_curves(record), *ranking, *([_at_the_stop(record)] if record.state == "stopped" else []), _run(record)]
    sections += [_damaged(record.damaged)] if record.damaged else []
    sections += [section("Configuration", code("\n".join(yaml_lines(record.config))))]
    again = paragraph("The same command draws the page anew from what the run has written by then.")
    sections += [section("This page again", code(command), again if record.state != "finished" else "")]
    write_page(path, page(f"{record.name}: {state_words(record)}", sections, lead=_lead(record)))


def state_words(record: RunRecord) -> str:
    """Such as `finished after 2,000 steps` or `stopped at step 1,234 of 2,000 (collapse)`."""
    if record.state == "finished":
        return f"finished after {record.steps:,} steps"
    place = f"at step {record.step:,} of {record.steps:,}"
    if record.state == "stopped":
        return f"stopped {place} ({_told(record, 'reason')})"
    return f"{place}, going on or interrupted"


def _lead(record: RunRecord) -> Html:
    stop = _stop(record) if record.state == "stopped" else ""
    made = (
        element("div", element("b", value), element("span", words), class_="tile bad" if bad else "tile")
        for value, words, bad in _key_figures(record)
    )
    where = element("p", "Pre-training run ", element("code", record.path), ". ", _progress(record), class_="quiet")
    return join(stop, where, element("div", *made, class_="tiles"))


def _progress(record: RunRecord) -> str:
    if record.state == "finished":
        seconds = _summarised(record, "seconds") or 0.0
        return f"The process that finished it trained for {duration(seconds)}." if 0 < seconds < math.inf else ""
    words = f"{percent(record.step / record.steps)} of its steps are done"
    _, speeds = record.series("clips_per_second")
    recent = [speed for speed in speeds[-RECENT_LINES:] if math.isfinite(speed)]
    speed = statistics.median(recent) if recent else 0.0
    left = (record.steps - record.step) * (number(record.setting("batch_size")) or math.nan) / (speed or math.nan)
    if record.state == "unfinished" and 0 < left < math.inf:
        words += f"; at its last speed the rest takes {duration(left)}"
    written = f" The last line was written at {record.logged_at:%Y-%m-%d %H:%M} UTC." if record.logged_at else ""
    return f"{words}.{written}"


def _stop(record: RunRecord) -> Html:
    diagnosis = record.diagnosis or {}
    meaning, ids = _REASONS.get(_told(record, "reason")), diagnosis.get("clip_ids", [])
    clips = join(
        paragraph(f"The {len(ids):,} clips of that step, by clip_id:" if len(ids) != 1 else "The clip of that step:"),
        element("pre", element("code", ", ".join(str(each) for each in ids)), class_="ids"),
    )
    return element(
        "section",
        element("h2", f"Stopped at step {record.step:,}: {_told(record, 'reason')}"),
        element("p", element("b", _told(record, "message"))),
        paragraph(meaning) if meaning else "",
        join(paragraph("This command repeats it:"), code(str(diagnosis["command"]))) if "command" in diagnosis else "",
        clips if ids else "",
        class_="stopped",
    )


def _told(record: RunRecord, key: str) -> str:
    return str((record.diagnosis or {}).get(key) or f"no {key} was written down")


def _key_figures(record: RunRecord) -> Iterator[tuple[str, str, bool]]:
    """Figure, what it is, and whether it is a bad one."""
    finished = record.state == "finished"
    rest = f", {percent(record.step / record.steps)}" if not finished else ""
    yield f"{record.steps if finished else record.step:,}", f"of {record.steps:,} steps{rest}", False
    loss = _summarised(record, "final_loss") if finished else record.latest("loss")
    if loss is not None:
        yield _figure(loss), "loss at the end" if finished else "latest loss", not math.isfinite(loss)
    yield from _least_spread(record)
    speed = _summarised(record, "clips_per_second") if finished else None
    speed = record.latest("clips_per_second") if speed is None else speed
    if speed is not None:
        yield _figure(speed), "clips per second", False
    waiting = record.latest("input_wait_share")
    if waiting is not None:
        yield _share(waiting), "of the time spent waiting for clips", False
    spent = record.latest("input_cpu_seconds_per_clip")
    if spent is not None:
        yield f"{1000 * spent:.3g} ms", "of processor time for the input of each clip", False
    process, device = (max(record.series(key)[1], default=None) for key in ("memory_gib", "device_memory_gib"))
    if process is not None:
        words = "peak memory of the process" + (f"; of the accelerator {device:.3g} GiB" if device is not None else "")
        yield f"{process:.3g} GiB", words, False
    yield from _probe(record)


def _least_spread(record: RunRecord) -> Iterator[tuple[str, str, bool]]:
    latest = {view: record.latest(f"spread_{view}") for view in VIEWS}
    known = {view: value for view, value in latest.items() if value is not None}
    if known:
        # NaN is worse than any number.
        view = min(known, key=lambda each: -math.inf if math.isnan(known[each]) else known[each])
        limit = collapse_limit(record)
        words = f"least spread ({VIEWS[view]}): 1 is healthy" + (f", below {limit:g} is collapse" if limit else "")
        yield _figure(known[view]), words, not known[view] >= (limit or 0.0)


def _probe(record: RunRecord) -> Iterator[tuple[str, str, bool]]:
    steps, accuracies = record.series("knn_top1")
    if steps:
        chance = record.latest("knn_chance")
        words = f"kNN top-1 at step {steps[-1]:,}" + (f"; chance is {_share(chance)}" if chance is not None else "")
        yield _share(accuracies[-1]), words, False


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    return f"{value:,.0f}" if 1000 <= abs(value) < 10_000_000 else f"{value:.3g}"


def _summarised(record: RunRecord, key: str) -> float | None:
    return number((record.summary or {}).get(key))


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _curves(record: RunRecord) -> Html:
    charts = curves(record)
    drawn = [draw(record, chart) for chart in charts]
    words = (paragraph(each) for each in _about_curves(record, charts))
    return section("Curves", *words, element("div", *drawn, class_="charts"))


def _about_curves(record: RunRecord, charts: Sequence[Curves]) -> Iterator[str]:
    if not charts:
        yield "No curve: the lines hold none of the metrics that this version knows."
    if len(record.lines) > MOST_POINTS:
        yield (
            f"The run wrote {len(record.lines):,} lines. A curve shows the means of at most {MOST_POINTS} stretches of "
            "them, and behind it a band from the least to the greatest value of each, so that no outlier is lost."
        )
    keys = [key for chart in charts for key in chart.names]
    gaps = {key: sum(not math.isfinite(value) for value in record.series(key)[1]) for key in keys}
    if any(gaps.values()):
        counts = ", ".join(f"{key} ({count:,})" for key, count in gaps.items() if count)
        yield f"Values that are NaN or infinite leave gaps in the curves: {counts}."
    yield from _low_ranks(record)
    if record.damaged_lines:
        yield f"{record.damaged_lines:,} of the lines are damaged and left out."


def _low_ranks(record: RunRecord) -> Iterator[str]:
    """When the effective rank of the projections was low, as the run noticed it."""
    events = low_rank_events(record.lines)
    for place, event in enumerate(events):
        if not event["is_low"]:
            continue
        until = f" until step {events[place + 1]['step']:,}" if events[place + 1 :] else ", and still is"
        yield (
            f"From step {event['step']:,} the effective rank of the projections ({VIEWS.get(event['view'], '?')}) was "
            f"low{until}: {event['rank']:.1f}, below {event['limit']:.1f} (monitor.low_rank_share), while the "
            "loss stayed high: the networks agreed on little, and had few directions left to find more in. Early in a "
            "run this passes."
        )


def _at_the_stop(record: RunRecord) -> Html:
    metrics = (record.diagnosis or {}).get("metrics", {})
    rows = [(key, f"{value:.6g}" if isinstance(value, float) else value) for key, value in metrics.items()]
    return section("Metrics of that step", table(("metric", "value"), rows) if rows else paragraph("None were noted."))


def _run(record: RunRecord) -> Html:
    summary = record.summary or {}
    rows: list[tuple[object, object]] = [("run", record.path)]
    rows += [("dataset, by its fingerprint", fingerprint) for fingerprint in record.data]
    if record.earlier_steps:
        lengths = ", then ".join(f"{steps:,}" for steps in [*record.earlier_steps, record.steps])
        rows.append(("steps, changed while it was trained", lengths))
    names = {"clips": "clips that it learned from", "weights_sha256": "SHA-256 of the weights"}
    rows += [(words, _count(summary[key])) for key, words in names.items() if key in summary]
    left_out = summary.get("left_out")
    if isinstance(left_out, dict):
        rows += [(f"clips left out: {why}", _count(count)) for why, count in left_out.items() if count]
    if record.diagnosis is not None and record.state != "stopped":
        rows.append((f"stopped before, at step {record.diagnosis['step']:,}", _told(record, "message")))
    notes = summary.get("notes")
    listed = [element("li", note) for note in notes] if isinstance(notes, list) else []
    remarks = join(paragraph("Notes on the data:"), element("ul", *listed)) if listed else ""
    return section("The run", element("div", table(("what", "value"), rows), class_="facts"), remarks)


def _damaged(clips: Sequence[Mapping[str, Any]]) -> Html:
    words = (
        "These clips could not be read or decoded, or hold sound that is NaN or infinite. Wherever one was drawn, "
        "another clip took its place, which follows from seed and step as the order of the clips does."
    )
    header = ("clip_id", "source", "what is wrong", "shard", "byte")
    rows = [[clip[key] for key in ("clip_id", "source", "reason", "shard", "offset")] for clip in clips]
    count = f"{len(clips):,} clip{'s' if len(clips) > 1 else ''}"
    return section(f"Damaged: {count}", paragraph(words), table(header, rows))


def _count(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else value
