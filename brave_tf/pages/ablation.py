"""The page of `brave-tf ablate`: the table beside the paper's, and whether differences have the same sign."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from brave_tf.pages.html import Html, code, element, page, paragraph, section, table, write_page

TITLES = {
    "table1": "Table 1: how long the views are",
    "table2": "Table 2: what the broad view shows",
    "table3": "Table 3: how many broad views",
    "table4": "Table 4: whether views start together",
    "collapse": "Collapse: what keeps projections apart",
}


def write(path: str | os.PathLike[str], content: Mapping[str, Any], command: str) -> None:
    """Writes the page, one self-contained HTML file.

    Args:
        path: the file.
        content: what `ablation.json` holds.
        command: the command that made it.

    Raises:
        UserError: the place cannot be written.
    """
    sections = [section("Rows", _table(cells(content)), *_beside_the_paper(content), paragraph(_aid(content)))]
    if content["left_out"]:
        items = (element("li", element("b", name), f": {reason}") for name, reason in content["left_out"].items())
        sections.append(section("Rows that the data cannot serve", element("ul", *items)))
    seeds = [_seed(row["name"], seed, each) for row in content["rows"] for seed, each in row["seeds"].items()]
    if seeds:
        header = ("row", "seed", "score", "random init.", "least effective rank", "collapsed at step")
        sections.append(section("Runs", table(header, seeds)))
    write_page(
        path, page(TITLES[content["table"]], [*sections, section("This page again", code(command))], lead=_lead())
    )


def cells(content: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows as text, by column: what is printed, too."""
    others = list(dict.fromkeys(row["against"] for row in content["rows"] if row["against"]))
    from_what = f" from {others[0]}" if len(others) == 1 else ""
    return [
        {
            "row": row["name"],
            "score, %": with_interval(row["mean"], row["interval"]),
            "random init., %": with_interval(row["random_init"], None),
            "least rank": "–" if row["effective_rank"] is None else f"{row['effective_rank']:.1f}",
            "collapsed": ", ".join(f"step {step} (seed {seed})" for seed, step in row["collapsed"].items()) or "no",
            **({"compared with": row["against"] or "–"} if len(others) > 1 else {}),
            f"difference{from_what}, points": with_interval(row["difference"], row["difference_interval"], sign=True),
        }
        for row in content["rows"]
    ]


def _beside_the_paper(content: Mapping[str, Any]) -> list[Html]:
    """The paper's figures for each row, and whether the difference agrees; nothing where the paper has none."""
    benchmarks = list(dict.fromkeys(name for row in content["rows"] for name in row["paper"]))
    if not benchmarks:
        return []
    lines = []
    for row in content["rows"]:
        line = {"row": row["name"]}
        for name in benchmarks:
            value, agreement = row["paper"].get(name), row["agreement"].get(name)
            figure = "–" if value is None else f"{value:.1f}"
            line[name] = figure + (f": {agreement}" if agreement else "")
        lines.append(line)
    words = "The paper's scores, in %, and whether our difference agrees with the paper's:"
    return [paragraph(words), _table(lines)]


def _table(lines: Sequence[Mapping[str, str]]) -> Html:
    return table(list(lines[0]), [list(line.values()) for line in lines])


def with_interval(value: float | None, interval: Sequence[float] | None, *, sign: bool = False) -> str:
    """`0.612` with [0.583, 0.641] as `61.2 ± 2.9`; a dash for None."""
    if value is None:
        return "–"
    # Adding 0 takes the sign from what rounds to -0.
    rounded = round(100 * value, 1) + 0.0
    number = f"{rounded:+.1f}" if sign else f"{rounded:.1f}"
    return number if interval is None else f"{number} ± {50 * (interval[1] - interval[0]):.1f}"


def _seed(name: str, seed: str, result: Mapping[str, Any]) -> list[object]:
    rank, step = result["effective_rank"], result["collapsed_at"]
    return [
        name,
        seed,
        with_interval(result["score"], None),
        with_interval(result["random_init"], None),
        "–" if rank is None else f"{rank:.1f}",
        "–" if step is None else step,
    ]


def _lead() -> Html:
    return paragraph(
        "One of the paper's comparisons, made again on other data and at another scale: compare signs of differences, "
        "not figures."
    )


def _aid(content: Mapping[str, Any]) -> str:
    words = (
        "Means over seeds, ± half of the 95 % interval of the mean by Student's t, with seeds as the sample: the clips "
        "are the same for all. Differences are taken seed by seed."
    )
    if content["table"] == "collapse":
        return (
            f"{words} The paper gives no figures here, and VICReg and LeJEPA are not the paper's. A run that collapsed "
            "has no score."
        )
    return (
        f"{words} A difference agrees with the paper's if its whole interval has the same sign, disagrees if it has "
        "the other one, and says nothing where 0 is within the interval."
    )
