"""The page of `brave-tf evaluate`: how good an encoder is, beside what it is to be compared with."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brave_tf.config.values import yaml_lines
from brave_tf.pages.charts import Line
from brave_tf.pages.evaluation_charts import class_bars, label_curves, matrix
from brave_tf.pages.html import Html, code, element, figure, join, page, paragraph, section, table, write_page

MOST_BARS = 30
MOST_PAIRS = 20
_METRICS = {"top1": "top-1 accuracy", "mAP": "mean average precision", "recall@1": "recall at 1"}


def write(path: str | os.PathLike[str], report: Mapping[str, Any], pictures: Sequence[Html | None] = ()) -> None:
    """Writes the page, one self-contained HTML file.

    Args:
        path: the file; its folder is made if absent.
        report: the content of `report.json`.
        pictures: of each of the report's `mistakes`, what the encoder saw; None where it cannot be shown.

    Raises:
        UserError: the place cannot be written.
    """
    sections = [_folds(report)]
    if report.get("label_fractions"):
        sections.append(_labels(report))
    sections.append(_classes(report))
    if report.get("confusion"):
        sections.append(_confusion(report))
    if report.get("mistakes"):
        sections.append(_mistakes(report, pictures))
    if report.get("regularisation"):
        sections.append(_regularisation(report["regularisation"]))
    sections += [_choices(report), _facts(report)]
    what = f"{report['protocol']}: {_share(report['mean'])} {_METRICS[report['metric']]}"
    write_page(path, page(what, sections, lead=_lead(report)))


def _lead(report: Mapping[str, Any]) -> Html:
    encoder = report["encoder"]
    low, high = report["interval"]
    steps = f", {encoder['steps']:,} steps" if encoder["steps"] else ""
    where = element(
        "p",
        "The ",
        element("b", f"{report['tower']} tower"),
        " of ",
        element("code", encoder["path"]),
        f" ({encoder['preset'] or 'no preset'}{steps}) tells the {report['classes']} classes of ",
        element("code", report["label"]),
        " in ",
        element("code", report["dataset"]["path"]),
        ".",
        class_="quiet",
    )
    tiles = [(_share(report["mean"]), f"{_METRICS[report['metric']]}; 95 % interval {_share(low)} to {_share(high)}")]
    tiles += [(_share(report[key]), words) for key, words in _BESIDE.items() if report.get(key) is not None]
    if report.get("published"):
        paper = report["published"]
        tiles.append((_share(paper["value"]), f"{paper['experiment']}, {paper['column']}, {paper['source']}"))
    tiles += [(_share(each["mean"]), f"{each['encoder']}, beside it") for each in report.get("beside", ())]
    boxes = (element("div", element("b", value), element("span", words), class_="tile") for value, words in tiles)
    return join(where, element("div", *boxes, class_="tiles"))


_BESIDE = {
    "random_init": "the same network at random initialisation",
    "chance": "chance, without a look at the clips",
    "top5": "right class among the best five",
}


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _folds(report: Mapping[str, Any]) -> Html:
    header = ("fold", "score", "95 % interval", "random initialisation", "chance", "training clips", "test videos")
    rows = [
        (
            fold["name"],
            _share(fold["score"]),
            " to ".join(map(_share, fold["interval"])),
            _share(fold["random_init"]),
            _share(fold["chance"]),
            f"{fold['train_clips']:,}",
            f"{fold['test_videos']:,}",
        )
        for fold in report["folds"]
    ]
    whole = " to ".join(map(_share, report["interval"]))
    random, chance = _share(report["random_init"]), _share(report["chance"])
    if len(rows) > 1:
        rows.append(("mean", _share(report["mean"]), whole, random, chance, "", ""))
    words = "Intervals are percentiles of 1,000 draws of the test videos, with replacement; 200 for average precision."
    parts = [table(header, rows), paragraph(words)]
    if report.get("random_init_note"):
        parts.append(paragraph(f"Of random initialisation: {report['random_init_note']}."))
    if report.get("recall"):
        parts.append(_recall(report))
    left_out = {**report["left_out"], **{f"listed in {k}, not there": n for k, n in report.get("missing", {}).items()}}
    reasons = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
    parts.append(paragraph(f"Left out: {reasons}." if reasons else "No clip was left out."))
    if report.get("damaged"):
        parts.append(_damaged(report["damaged"]))
    return section("Scores", *parts)


def _labels(report: Mapping[str, Any]) -> Html:
    records = report["label_fractions"]
    curves = [_curve("this encoder", records, "mean", "interval")]
    if records[0]["random_init"] is not None:
        curves.append(_curve("random initialisation", records, "random_init", "random_init_interval"))
    for name in records[0]["beside"]:
        of_name = [{**each, **each["beside"][name]} for each in records]
        curves.append(_curve(name, of_name, "mean", "interval"))
    first, last = records[0], records[-1]
    alt = (
        f"From {_share(first['mean'])} with {first['labels']:,.0f} labels to {_share(last['mean'])} with "
        f"{last['labels']:,.0f}"
    )
    drawn = figure(label_curves(curves, _METRICS[report["metric"]], alt), "Bands are 95 % intervals.")
    rows = [
        (f"{100 * each['fraction']:g} %", f"{each['labels']:,.0f}", str(each["draws"]), *cells)
        for each, *cells in zip(records, *map(_cells, curves), strict=True)
    ]
    words = (
        "A label is that of a video. Every class keeps its share, the videos of a smaller part are among those of a "
        "larger one, and the draws of a part are averaged. Intervals resample test videos and draws."
    )
    header = ("part", "labels", "draws", *(curve.name for curve in curves))
    return section("Fewer labels", drawn, table(header, rows), paragraph(words))


def _curve(name: str, records: Sequence[Mapping[str, Any]], mean: str, interval: str) -> Line:
    lows, highs = zip(*(each[interval] for each in records), strict=True)
    return Line(name, [each["labels"] for each in records], [each[mean] for each in records], (lows, highs))


def _cells(curve: Line) -> list[str]:
    lows, highs = curve.band or (curve.y, curve.y)
    points = zip(curve.y, lows, highs, strict=True)
    return [f"{_share(score)} ({_share(low)} to {_share(high)})" for score, low, high in points]


def _damaged(clips: Sequence[Mapping[str, Any]]) -> Html:
    rows = [[clip[key] for key in ("clip_id", "source", "reason", "shard", "offset")] for clip in clips]
    listed = table(("clip_id", "source", "what is wrong", "shard", "byte"), rows)
    return element("details", element("summary", f"The {len(rows):,} damaged ones that were met"), listed)


def _recall(report: Mapping[str, Any]) -> Html:
    random = report.get("random_init_recall") or {}
    rows = [(f"R@{at}", _share(value), _share(random.get(at))) for at, value in report["recall"].items()]
    return table(("recall", "this encoder", "random initialisation"), rows)


def _classes(report: Mapping[str, Any]) -> Html:
    known = [each for each in report["per_class"] if each["score"] is not None]
    ranked = sorted(known, key=lambda each: (-each["score"], each["name"]))
    drawn = ranked if len(ranked) <= MOST_BARS else ranked[: MOST_BARS // 2] + ranked[-MOST_BARS // 2 :]
    bars = [(each["name"], each["score"], each["random_init"]) for each in drawn]
    parts: list[Html] = []
    if bars:
        what = f"The {MOST_BARS // 2} best and worst classes" if len(drawn) < len(ranked) else "All classes"
        best, worst = bars[0], bars[-1]
        alt = f"Scores from {_share(best[1])} for {best[0]} to {_share(worst[1])} for {worst[0]}"
        parts.append(figure(class_bars(bars, alt), f"{what}, the best first."))
    rows = [
        (each["name"], _share(each["score"]), _share(each["random_init"]), f"{each['videos']:,}")
        for each in report["per_class"]
    ]
    whole = table(("class", "score", "random initialisation", "test videos"), rows)
    parts.append(element("details", element("summary", f"All {len(rows)} classes"), whole))
    absent = len(report["per_class"]) - len(known)
    if absent:
        parts.append(paragraph(f"{absent} classes have no test video, and no score."))
    return section("Classes", *parts)


def _confusion(report: Mapping[str, Any]) -> Html:
    counts, names = report["confusion"], report["class_names"]
    pairs = [
        (count, names[right], names[answer])
        for right, row in enumerate(counts)
        for answer, count in enumerate(row)
        if count and right != answer
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    right = sum(row[place] for place, row in enumerate(counts))
    alt = f"{right} of {sum(map(sum, counts))} videos lie on the diagonal, where the answer is right"
    drawn = figure(matrix(counts, names, alt), "Rows are right classes, columns answers; a row's colours sum to 100 %.")
    listed = table(("right class", "answer", "videos"), [(a, b, count) for count, a, b in pairs[:MOST_PAIRS]])
    most = element("details", element("summary", "The most frequent confusions"), listed) if pairs else ""
    return section("Confusions", drawn, most)


def _mistakes(report: Mapping[str, Any], pictures: Sequence[Html | None]) -> Html:
    cards = []
    for place, mistake in enumerate(report["mistakes"]):
        picture = pictures[place] if place < len(pictures) else None
        answer = element("b", mistake["predicted"])
        cards.append(
            element(
                "div",
                picture if picture is not None else paragraph("It cannot be shown."),
                paragraph(
                    "answered ", answer, f", right is {mistake['wanted']}, by a margin of {mistake['confidence']:.3g}"
                ),
                element("p", element("code", mistake["source"]), f", fold {mistake['fold']}", class_="quiet"),
                class_="card",
            )
        )
    return section("The most confident mistakes", element("div", *cards, class_="charts"))


def _regularisation(choice: Mapping[str, Any]) -> Html:
    rows = [
        (name + (" (chosen)" if name == str(choice["chosen"]) else ""), _share(score))
        for name, score in choice["scores"].items()
    ]
    setting = choice.get("setting", "C")
    parts = [paragraph(f"Tried on {choice['validated_on']}.")]
    if rows:
        parts.append(table((setting, "top-1 accuracy"), rows))
    folds = [(fold["name"], _chosen(fold["chosen"])) for fold in choice.get("folds", ())]
    if len(folds) > 1 or not rows:
        parts.append(table(("fold", f"chosen {setting}"), folds))
    return section("Regularisation", *parts)


def _chosen(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _choices(report: Mapping[str, Any]) -> Html:
    lines = [element("li", line) for line in report["open_settings"]]
    words = "The papers and their code leave these open; they can be changed, see `brave-tf evaluate --help`."
    return section("Choices", paragraph(words), element("ul", *lines))


def _facts(report: Mapping[str, Any]) -> Html:
    rows = [*_fact_rows(report)]
    facts = element("div", table(("what", "value"), rows), class_="facts")
    settings = element("details", element("summary", "Settings"), code("\n".join(yaml_lines(report["settings"]))))
    notes = [element("li", note) for note in report["dataset"]["notes"]]
    notes_list = join(paragraph("Notes on the data:"), element("ul", *notes)) if notes else ""
    return section("To repeat it", facts, notes_list, settings)


def _fact_rows(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "SHA-256 of the weights", report["encoder"]["sha256"]
    yield "dataset, by its fingerprint", report["dataset"]["fingerprint"]
    yield from ((name, str(version)) for name, version in report["versions"].items())
    yield from ((f"seconds for {name}", f"{seconds:g}") for name, seconds in report["seconds"].items())
