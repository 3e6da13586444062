"""How the pages look: one plain style sheet, readable on a phone and on paper."""

MOST_TABS = 8
"""Panels of a group of tabs that the style sheet has rules for."""

_CHOSEN = ",\n".join(
    f"  .tabs > input:nth-of-type({n}):checked ~ .panel:nth-of-type({n})" for n in range(1, MOST_TABS + 1)
)

_BASE = """\
:root {
  color-scheme: light;
  --ink: #1c2430; --quiet: #5b6675; --line: #dde2e8; --paper: #fff; --wash: #f5f7f9;
  --narrow: #0b6e8f; --broad: #b4510f;
  --good: #226126; --good-line: #2f7d32; --bad: #a61b1b; --bad-line: #c62828; --bad-wash: #fdf1ef;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --ink: #e4e8ee; --quiet: #a5afbc; --line: #343d49; --paper: #12171d; --wash: #1b222a;
    --narrow: #62bddb; --broad: #ea9a63;
    --good: #7fcf84; --good-line: #4c9a50; --bad: #f2938b; --bad-line: #d9534f; --bad-wash: #331d1c;
  }
  /* Drawn in dark ink for a white page. */
  img.chart, img.spectrogram, img.similarity, .diagram, .wheel { background: #fff; border-radius: 6px; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 2rem; line-height: 1.2; margin: 1rem 0 .5rem; letter-spacing: -.01em; }
h2 {
  font-size: 1.35rem; line-height: 1.25; margin: 3rem 0 .5rem; padding-top: 1.25rem; border-top: 1px solid var(--line);
}
h3 { font-size: 1rem; margin: 0 0 .5rem; }
p, li, figcaption { max-width: 46rem; }
p { margin: .5rem 0 .75rem; }
figure { margin: 1.25rem 0; }
figcaption, caption, .quiet { color: var(--quiet); font-size: .9rem; }
figcaption { margin-top: .4rem; }
img { display: block; max-width: 100%; height: auto; }
img.chart { width: 100%; max-width: 46rem; }
img.strip { width: 100%; image-rendering: auto; border-radius: 3px; }
img.movie { width: 7rem; height: 7rem; object-fit: cover; border-radius: 5px; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .4rem 1.1rem .4rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; }
thead th { color: var(--quiet); font-weight: 600; font-size: .85rem; }
tbody th { font-weight: 500; }
pre {
  overflow-x: auto; background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem;
  font-size: .88rem; line-height: 1.6;
}
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { background: var(--wash); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: .88rem; line-height: 1.35; display: block; margin-top: .15rem; }
.tile.bad { background: var(--bad-wash); border-color: var(--bad-line); }
.tile.bad b { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem 2rem; }
.charts figure { margin: 0; }
.stopped { border: 1px solid var(--bad-line); border-left-width: 6px; border-radius: 8px; padding: .9rem 1.1rem; }
.stopped { background: var(--bad-wash); margin: 1.25rem 0; }
.stopped h2 { margin: 0; padding: 0; border: 0; color: var(--bad); }
.stopped pre { background: var(--paper); white-space: pre-wrap; overflow-wrap: anywhere; }
.stopped pre code { user-select: all; }
.facts th, .facts td { white-space: normal; text-align: left; vertical-align: top; }
.facts td { overflow-wrap: anywhere; }
.ids { max-height: 12rem; overflow-y: auto; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem 1rem; margin: .9rem 0; }
.views {
  display: grid; grid-template-columns: 7rem minmax(0, 1.35fr) minmax(0, 1fr); gap: 1.1rem; align-items: center;
}
.captioned + .captioned { margin-top: .7rem; }
.captioned img.chart { width: 100%; }
.label { font-size: .82rem; color: var(--quiet); margin-bottom: .2rem; }
.diagram { width: 100%; min-width: 36rem; max-width: 46rem; height: auto; display: block; }
.neighbours { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: .8rem 0; }
.clip { border-top: 4px solid var(--line); padding-top: .4rem; font-size: .85rem; }
.clip span { display: block; margin-top: .25rem; }
.clip.query { border-color: var(--ink); font-weight: 600; }
.clip.right { border-color: var(--good-line); }
.clip.wrong { border-color: var(--bad-line); }
.clip.right span { color: var(--good); }
.clip.wrong span { color: var(--bad); }
@media (max-width: 44rem) { .views { grid-template-columns: minmax(0, 1fr); } }
@media print { .card, .clip, figure { break-inside: avoid; } }
.narrow { color: var(--narrow); font-weight: 600; }
.broad { color: var(--broad); font-weight: 600; }
h4 { font-size: .95rem; margin: 0 0 .15rem; }
.view { border-top: 1px solid var(--line); padding-top: .8rem; margin-top: 1rem; break-inside: avoid; }
.view p { margin: .1rem 0 .5rem; font-size: .9rem; }
.seen { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 1.1rem; align-items: start; }
.seen > div > .label { min-height: 1.2em; }
.seen figcaption { font-size: .8rem; line-height: 1.35; }
.seen figure { margin: 0; }
.scroll { overflow-x: auto; }
.scroll img.strip { border: 1px solid #c8c8c8; }
.scroll > * { min-width: 34rem; }
.times { display: flex; font-size: .75rem; color: var(--quiet); margin: .15rem 0 .5rem; }
.times span { flex: 1 1 0; text-align: center; }
.times .again { color: var(--ink); font-weight: 600; }
.timeline { width: 100%; min-width: 40rem; height: auto; display: block; }
.wheel { width: 14rem; height: auto; flex: none; }
.legend { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; }
.legend p { flex: 1 1 20rem; }
img.spectrogram { width: 100%; max-width: 32rem; }
img.similarity { width: 100%; max-width: 24rem; }
audio { display: block; width: 100%; max-width: 28rem; margin-top: .5rem; }
.narrow-bar { fill: var(--narrow); }
.broad-bar { fill: var(--broad); }
.narrow-text { fill: var(--narrow); font-weight: 600; }
.broad-text { fill: var(--broad); font-weight: 600; }
.quiet-text { fill: var(--quiet); }
.axis { stroke: var(--quiet); fill: none; }
.ticks { stroke: #fff; stroke-opacity: .75; fill: none; }
.loop { stroke: var(--broad); stroke-width: 1.4; stroke-dasharray: 4 3; fill: none; }
.loop-tip { fill: var(--broad); }
.tabs { border: 0; padding: 0; margin: .75rem 0 0; min-width: 0; }
.tabs > legend { padding: 0; font-size: .9rem; color: var(--quiet); }
.tabs > input { accent-color: var(--ink); margin: 0 .3rem 0 0; }
.tabs > label { font-size: .9rem; margin-right: 1.2rem; }
.panel-name { font-weight: 600; }
@media screen {
  .tabs > .panel, .panel-name { display: none; }
"""
STYLE = (
    _BASE
    + _CHOSEN
    + """ { display: block; }
}
@media (max-width: 44rem) { .seen { grid-template-columns: minmax(0, 1fr); } .seen figure { max-width: 18rem; } }
"""
)
