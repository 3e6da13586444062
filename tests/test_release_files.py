"""What is published: a description whose links work anywhere, the right files, and one version in all places."""

import importlib.util
import io
import re
import runpy
import tarfile
import zipfile
from pathlib import Path

import pytest
import setuptools

import brave_tf

ROOT = Path(__file__).parents[1]
BLOB = f"https://github.com/brave-tf/brave-tf/blob/v{brave_tf.__version__}/"
VERSION_FILE = (ROOT / "brave_tf" / "__init__.py").read_text(encoding="utf-8")
RAW = f"https://raw.githubusercontent.com/brave-tf/brave-tf/v{brave_tf.__version__}/"


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def described():
    """The functions of setup.py, and what it tells setuptools."""
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", told.update)
        names = runpy.run_path(str(ROOT / "setup.py"))
    return {**names, "told": told}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [data](docs/data.md#shards).", f"see [data]({BLOB}docs/data.md#shards)."),
        ("![a picture\nof two lines](docs/views.png)", f"![a picture\nof two lines]({RAW}docs/views.png)"),
        ("[![badge](docs/b.svg)](examples/x.ipynb)", f"[![badge]({RAW}docs/b.svg)]({BLOB}examples/x.ipynb)"),
        ('[`code`](./docs/a.md "title")', f'[`code`]({BLOB}docs/a.md "title")'),
        ("[name]: docs/a.md", f"[name]: {BLOB}docs/a.md"),
        ('<a href="docs/a.md"><img src="docs/a.png">', f'<a href="{BLOB}docs/a.md"><img src="{RAW}docs/a.png">'),
        ("[there](https://host/x) [here](#part) [mail](mailto:a@b)", None),
        ("```python\nencoders[0](video)\n```\n`a[0](b)`", None),
    ],
)
def test_links_of_the_readme_become_absolute(described, text, expected):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", lambda self, encoding: text if self.name == "README.md" else VERSION_FILE)
        assert described["long_description"]() == (expected or text)


def test_the_description_has_no_link_that_only_works_in_the_repository(described):
    text = described["told"]["long_description"]
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))
    assert links and all(link.startswith(("https://", "#")) for link in links)
    mine = [
        link.removeprefix(BLOB).removeprefix(RAW).partition("#")[0]
        for link in links
        if "/brave-tf/brave-tf/v" in link or link.startswith(BLOB)
    ]
    missing = [path for path in mine if not (ROOT / path).exists()]
    assert mine and not missing


def test_the_package_says_where_everything_is(described):
    told = described["told"]
    assert told["version"] == brave_tf.__version__ and told["author"] == "The brave_tf authors"
    addresses = told["project_urls"]
    assert {"Homepage", "Documentation", "Issues", "Changelog", "Paper"} == addresses.keys()
    assert all(
        re.match(r"https://(github\.com/brave-tf/brave-tf|brave-tf\.github\.io/|arxiv\.org/)", each)
        for each in addresses.values()
    )
    assert "brave_tf.export" in told["packages"] and not [name for name in told["packages"] if "tests" in name]


@pytest.fixture
def repository(tmp_path):
    """A small one whose files agree on version 1.2.3."""
    files = {
        "brave_tf/__init__.py": '__version__ = "1.2.3"\n',
        "CITATION.cff": "version: 1.2.3\ndate-released: 2026-05-04\n",
        "CHANGELOG.md": "# Changelog\n\n## [1.2.3] - 2026-05-04\n\n## [1.2.2] - 2026-01-01\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("CITATION.cff", "version: 1.2.3", "version: 1.2.2", r"CITATION.cff says version: 1.2.2; expected 1.2.3"),
        ("CITATION.cff", "-04", "-05", r"date-released: 2026-05-05; CHANGELOG.md has 2026-05-04"),
        ("CITATION.cff", "date-released: 2026-05-04", "", r"date-released: \(none\)"),
        ("CHANGELOG.md", " - 2026-05-04", "", r"expected: ## \[1.2.3\] - YYYY-MM-DD"),
        ("CHANGELOG.md", "1.2.3", "1.2.4", r"the first version in CHANGELOG.md is 1.2.4"),
        ("brave_tf/__init__.py", "1.2.3", "1.2.4", r"received the tag v1.2.3; brave_tf/__init__.py says 1.2.4"),
    ],
)
def test_a_release_whose_files_disagree_is_stopped(repository, file, old, new, told):
    faults = script("check_release").faults
    assert faults(repository, "v1.2.3") == []
    path = repository / file
    path.write_text(path.read_text().replace(old, new))
    assert any(re.search(told, fault) for fault in faults(repository, "v1.2.3"))


def test_the_first_heading_of_the_changelog_is_this_version_or_what_comes_after_it():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert brave_tf.__version__ in headings[:2] and set(headings[:2]) <= {"Unreleased", brave_tf.__version__}


def make_dist(folder, wheel, sources):
    folder.mkdir()
    with zipfile.ZipFile(folder / "brave_tf-1.2.3-py3-none-any.whl", "w") as archive:
        for name in wheel:
            archive.writestr(name, "")
    with tarfile.open(folder / "brave_tf-1.2.3.tar.gz", "w:gz") as archive:
        for name in sources:
            archive.addfile(tarfile.TarInfo(f"brave_tf-1.2.3/{name}"), io.BytesIO())
    return folder


def test_files_of_a_release_hold_the_whole_library_and_its_tests(repository, tmp_path):
    check = script("check_dist")
    for name in ("export/__init__.py", "tests/golden/full.npz", "tests/__pycache__/x.pyc", "docs/data.md"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).touch()
    wheel = ["brave_tf/__init__.py", "brave_tf/export/__init__.py", "brave_tf-1.2.3.dist-info/METADATA"]
    sources = ["brave_tf/__init__.py", "export/__init__.py", "tests/golden/full.npz", "docs/data.md"]
    sources += check.FILES_IN_THE_SOURCES
    assert check.faults(make_dist(tmp_path / "whole", wheel, sources), repository) == []
    assert check.faults(make_dist(tmp_path / "less", wheel[:1], sources[:2] + sources[3:]), repository) == [
        "brave_tf-1.2.3-py3-none-any.whl lacks brave_tf/export/__init__.py",
        "brave_tf-1.2.3.tar.gz lacks tests/golden/full.npz",
    ]
    more = make_dist(tmp_path / "more", [*wheel, "tests/__init__.py"], sources)
    assert check.faults(more, repository) == ["brave_tf-1.2.3-py3-none-any.whl should not hold tests/__init__.py"]
    (more / "brave_tf-1.2.2-py3-none-any.whl").touch()
    assert "2 wheels" in check.faults(more, repository)[0]
