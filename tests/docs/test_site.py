"""The documentation site: every page has its place, links hold, and nothing is fetched from elsewhere."""

import base64
import importlib
import inspect
import re
import subprocess
import sys
import types

import pytest

from brave_tf.cli.main import commands
from docs.site import command_pages
from docs.site.api_pages import PAGES, named
from docs.site.check import faults
from docs.site.gather import read_repository
from docs.site.links import BrokenLinkError, Repository
from docs.site.short_code import kept_together
from docs.site.tutorials import page_of
from tests.docs.blocks import ROOT

GATHER = (
    "import sys; from pathlib import Path; from docs.site.gather import gather;"
    " gather(Path('.'), Path(sys.argv[1], 'docs'), Path(sys.argv[1], 'source'));"
    " print(*{'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
)
PUBLIC = [f"brave_tf{name}" for name in ("", ".config", ".convert", ".data", ".encoders", ".export", ".models")]
PUBLIC += [f"brave_tf.{name}" for name in ("presets", "runs", "training", "verification")]
PNG = base64.b64encode(b"\x89PNG").decode()


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, "-c", GATHER, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [], "the pages are made without TensorFlow"
    return folder / "docs"


def test_the_navigation_names_every_page_and_no_other(gathered):
    listed = re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text().partition("nav:")[2].partition("theme:")[0])
    assert sorted(listed) == sorted(str(page.relative_to(gathered)) for page in gathered.rglob("*.md"))


def test_short_code_stays_in_one_piece():
    long = "x" * 29
    html = f"<p><code>--out</code> <code>{long}</code></p><pre><span></span><code>a --out b\n</code></pre>"
    assert kept_together(html) == html.replace("<code>--out<", '<code class="short">--out<')


def test_examples_of_functions_are_code(gathered):
    text = (gathered.parent / "source/brave_tf/commands.py").read_text()
    assert "    Example: `brave-tf prepare my-videos --out dataset`\n" in text
    assert '    In Python: `brave_tf.prepare("my-videos", "dataset")`\n' in text


def test_the_glossary_is_written_once(gathered):
    glossary, contributing = ((gathered / f"{name}.md").read_text() for name in ("glossary", "contributing"))
    assert "| `B` | clips in a batch |" in glossary and "| narrow view |" in glossary
    assert "clips in a batch" not in contributing and "(glossary.md)" in contributing


def test_every_public_name_has_a_place_in_the_reference():
    listed = {name for page in PAGES for name in named(page)}
    ends = {name.rpartition(".")[2] for name in listed}
    for package in map(importlib.import_module, PUBLIC):
        for name in package.__all__:
            is_module = isinstance(getattr(package, name), types.ModuleType)
            assert name in ends or is_module, f"{package.__name__}.{name} is on no page of docs/site/api_pages.py"
    for name in listed:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


def test_the_command_reference_tells_every_option():
    page = command_pages.reference()
    for name, command in commands().items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for argument, parameter in inspect.signature(command).parameters.items():
            if parameter.kind is parameter.POSITIONAL_ONLY or argument in ("view", "classifier"):
                continue
            assert f"`--{argument.replace('_', '-')}" in section, (name, argument)
    evaluate = page.partition("\n## evaluate\n")[2].partition("\n## ")[0]
    assert "`--frames INT`" in evaluate and "`--classifier.heads INT`" in evaluate
    assert "`--protocol linear|" in evaluate and "(default `linear`)" in evaluate
    assert "```bash\nbrave-tf evaluate " in evaluate and "- `UserError`: " in evaluate


def test_links_of_the_repository_become_links_of_the_site(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/lips.py").touch()
    repository = Repository(tmp_path, {"docs/a.md": "a.md", "b/README.md": "b/c.md"}, {"b/c.md": "Title", "d.md": "D"})
    pairs = {
        "[see](../b/README.md#part)": "[see](b/c.md#part)",
        "[b/README.md](../b/README.md)": "[Title](b/c.md)",
        "[x](../examples/lips.py)": "[x](https://github.com/brave-tf/brave-tf/blob/main/examples/lips.py)",
        "[x](https://github.com/brave-tf/brave-tf/blob/main/b/README.md)": "[x](b/c.md)",
        "[x](https://brave-tf.github.io/brave-tf/api/)": "[x](api/index.md)",
        "[x](https://brave-tf.github.io/brave-tf/commands/#embed)": "[x](commands.md#embed)",
        "[x](#here) [y](https://keras.io)": "[x](#here) [y](https://keras.io)",
        "told in docs/d.md, and `docs/d.md`": "told in [D](d.md), and [D](d.md)",
        "`a[0](nowhere)`\n```\n[x](nowhere)\n```\n": "`a[0](nowhere)`\n```\n[x](nowhere)\n```\n",
    }
    for given, expected in pairs.items():
        assert repository.rewritten(given, "docs/a.md") == expected
    with pytest.raises(BrokenLinkError, match=r"docs/a.md links to c.md, which is not there"):
        repository.rewritten("[x](c.md)", "docs/a.md")


def test_every_link_of_the_documents_leads_somewhere():
    repository = read_repository(ROOT)
    for file in repository.pages:
        if file.endswith(".md"):
            repository.rewritten((ROOT / file).read_text(encoding="utf-8"), file)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="other/">x</a><a href="#top">x</a><i id="top">', ""),
        ('<a href="absent/">x</a>', "index.html links to absent/, which is not there"),
        ('<a href="other/#absent">x</a>', "index.html links to other/#absent, which has no such anchor"),
        ('<img src="absent.png">', "index.html links to absent.png, which is not there"),
        ('<script src="https://cdn.example.org/x.js">', "index.html fetches https://cdn.example.org/x.js"),
        ('<link rel="preconnect" href="https://fonts.example.org">', "index.html fetches https://fonts.example.org"),
    ],
)
def test_faults_of_a_site_are_named(tmp_path, body, fault):
    (tmp_path / "other").mkdir()
    (tmp_path / "index.html").write_text(body)
    (tmp_path / "other/index.html").write_text("<a href='..'>back</a>")
    assert faults(tmp_path) == [fault] * bool(fault)


def test_style_sheets_fetch_nothing(tmp_path):
    (tmp_path / "index.html").write_text("")
    (tmp_path / "site.css").write_text(
        "a { background: url(https://cdn.example.org/x.png) } b { background: url(x.png) }"
    )
    assert faults(tmp_path) == ["site.css fetches https://cdn.example.org/x.png"]


def test_a_notebook_becomes_a_page(tmp_path):
    badge = "[![Open In Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab)"
    outputs = [
        {"output_type": "stream", "text": ["\x1b[1mthree\x1b[0m clips\n"]},
        {"output_type": "display_data", "data": {"image/png": PNG, "text/plain": ["<Figure>"]}},
        {"output_type": "execute_result", "data": {"text/plain": ["7"]}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "\n", badge, "\n", "\n", "Text."]},
        {"cell_type": "code", "source": ["print(3)"], "outputs": outputs},
    ]
    text = page_of({"cells": cells}, "name", tmp_path, str.strip)
    assert text.startswith("# Title\n\n[Open in Colab](https://colab.research.google.com/github/brave-tf/")
    assert "badge" not in text and "\nText.\n" in text
    assert "``` { .python }\nprint(3)\n```" in text and "``` { .text .output }\nthree clips\n```" in text
    assert "![What the cell above draws](name-1-1.png)" in text and "\n7\n" in text
    assert (tmp_path / "name-1-1.png").read_bytes() == b"\x89PNG"
    cells[1]["outputs"] = [{"output_type": "error", "evalue": "no such file"}]
    with pytest.raises(ValueError, match="an error among its outputs: no such file"):
        page_of({"cells": cells}, "name", tmp_path, str.strip)
