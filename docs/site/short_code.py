"""Short code in running text stays in one piece: browsers would otherwise break it at every hyphen."""

import re

_SHORT = re.compile(r"<code>([^<\n]{1,28})</code>")


def kept_together(html: str) -> str:
    """A page whose short code has the class `short`, which docs/assets/site.css knows."""
    return _SHORT.sub(r'<code class="short">\1</code>', html)
