"""Panels of which one is shown at a time, switched without a script; on paper all of them are shown."""

from collections.abc import Sequence

from brave_tf.pages.html import Html, element, join, text
from brave_tf.pages.style import MOST_TABS


def tabs(name: str, legend: str, panels: Sequence[tuple[str, Html]]) -> Html:
    """A group of radio buttons, each of which shows its own panel.

    Args:
        name: of the group, another one for each on a page: letters, digits and hyphens.
        legend: what is chosen.
        panels: (label, content), at most `MOST_TABS`; a single one is shown as it is.

    Raises:
        ValueError: there are more.
    """
    if len(panels) > MOST_TABS:
        raise ValueError(f"received {len(panels)} tabs; expected at most {MOST_TABS}")
    if len(panels) == 1:
        return panels[0][1]
    buttons = []
    for number, (label, _) in enumerate(panels):
        checked = " checked" if number == 0 else ""
        buttons.append(Html(f'<input type="radio" name="{text(name)}" id="{text(name)}-{number}"{checked}>'))
        buttons.append(Html(f'<label for="{text(name)}-{number}">{text(label)}</label>'))
    contents = (
        element("div", element("p", label, class_="panel-name"), content, class_="panel") for label, content in panels
    )
    return element("fieldset", element("legend", legend), join(*buttons), *contents, class_="tabs")
