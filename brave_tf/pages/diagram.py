"""The drawing of BraVe's idea: two views of one clip, two networks, each predicting the other."""

from brave_tf.pages.html import Html

_NARROW, _BROAD, _INK, _QUIET = "#0b6e8f", "#b4510f", "#1c2430", "#5b6675"

_DRAWING = """
<svg viewBox="0 0 760 250" role="img" class="diagram" font-family="inherit" font-size="15" text-anchor="middle"
 aria-label="One clip gives a narrow and a broad view; each goes through its own network and predicts the other">
<defs>
<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
<path d="M0 0 8 4 0 8z" fill="{quiet}"/></marker>
</defs>
<g fill="none" stroke="{quiet}" stroke-width="1.6" marker-end="url(#tip)">
<path d="M122 108C150 76 152 62 182 62"/><path d="M122 142C150 174 152 188 182 188"/>
<path d="M362 62H398"/><path d="M362 188H398"/>
<path d="M568 62H606"/><path d="M568 188H606"/>
<path d="M652 88V160" stroke-dasharray="5 4"/><path d="M698 162V90" stroke-dasharray="5 4"/>
</g>
<g fill="#fff" stroke-width="1.6">
<rect x="10" y="90" width="112" height="70" rx="8" stroke="{quiet}"/>
<rect x="184" y="34" width="176" height="56" rx="8" stroke="{narrow}"/>
<rect x="184" y="160" width="176" height="56" rx="8" stroke="{broad}"/>
<rect x="400" y="34" width="166" height="56" rx="8" stroke="{narrow}" fill="#eef6f9"/>
<rect x="400" y="160" width="166" height="56" rx="8" stroke="{broad}" fill="#fbf2ec"/>
<rect x="608" y="34" width="134" height="54" rx="27" stroke="{narrow}"/>
<rect x="608" y="162" width="134" height="54" rx="27" stroke="{broad}"/>
</g>
<g fill="{ink}">
<text x="66" y="121">one clip</text><text x="66" y="141" font-size="12.5" fill="{quiet}">no label</text>
<text x="272" y="58" fill="{narrow}" font-weight="600">narrow view</text>
<text x="272" y="78" font-size="12.5" fill="{quiet}">{narrow_words}</text>
<text x="272" y="184" fill="{broad}" font-weight="600">broad view</text>
<text x="272" y="204" font-size="12.5" fill="{quiet}">{broad_words}</text>
<text x="483" y="58">video network</text><text x="483" y="78" font-size="12.5" fill="{quiet}">kept: the encoder</text>
<text x="483" y="184">broad network</text>
<text x="483" y="204" font-size="12.5" fill="{quiet}">helps in training only</text>
<text x="675" y="66">embedding</text><text x="675" y="194">embedding</text>
<text x="642" y="129" font-size="12.5" fill="{quiet}" text-anchor="end">predicts</text>
<text x="708" y="129" font-size="12.5" fill="{quiet}" text-anchor="start">predicts</text>
</g>
</svg>
"""


def two_views(narrow_seconds: float, sound_seconds: float) -> Html:
    """The drawing, with the durations of the narrow view and of the broad view of sound written in."""
    return Html(
        _DRAWING.format(
            narrow=_NARROW,
            broad=_BROAD,
            ink=_INK,
            quiet=_QUIET,
            narrow_words=f"{narrow_seconds:.1f} s of sharp video",
            broad_words=f"{sound_seconds:.1f} s of sound",
        )
    )
