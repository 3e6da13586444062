"""Lines of bounded length, whatever was measured: long ones keep what their values come to and their extremes."""

import itertools
import math
from collections.abc import Sequence

from brave_tf.pages.charts import Line

MOST_POINTS = 300
"""Of a line on a page; about two pixels apart where a chart is as wide as a phone held upright."""


def thin(name: str, x: Sequence[float], y: Sequence[float], most: int = MOST_POINTS) -> Line:
    """A line of at most `most` points.

    A longer one is cut into stretches of equally many points. Each becomes one point, at the mean of its finite values,
    and the least and the greatest of them bound a band behind the line; without any there is a gap.

    Args:
        name: of the line.
        x: where the points are, rising.
        y: their heights; those that are not finite are gaps.
        most: points, at least 1.
    """
    heights = [value if math.isfinite(value) else math.nan for value in y]
    if len(x) <= most:
        return Line(name, x, heights)
    cuts = [round(place * len(x) / most) for place in range(most + 1)]
    middles, means, least, greatest = [], [], [], []
    for start, end in itertools.pairwise(cuts):
        finite = [value for value in heights[start:end] if not math.isnan(value)] or [math.nan]
        middles.append((x[start] + x[end - 1]) / 2)
        means.append(math.fsum(finite) / len(finite))
        least.append(min(finite))
        greatest.append(max(finite))
    return Line(name, middles, means, (least, greatest))
