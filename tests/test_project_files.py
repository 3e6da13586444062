"""What GitHub reads: workflows that run what a desk runs and may do little, forms, and the citation."""

import ast
import re
from pathlib import Path

import pytest

import brave_tf

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(file for file in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml")
MAY_PUBLISH = {
    ("site", "publish"): {"pages": "write", "id-token": "write"},
    ("release", "publish"): {"id-token": "write"},
}
"""Jobs that may do more than read, and what."""
FORM_FIELDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
REPOSITORY = "https://github.com/brave-tf/brave-tf"


def read(path):
    # YAML 1.1 takes the key `on` for a truth value.
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in content.items()}


def jobs(path):
    return read(path)["jobs"].items()


def steps():
    return [
        pytest.param(job, step, id=f"{path.stem}-{name}-{at}")
        for path in WORKFLOWS
        for name, job in jobs(path)
        for at, step in enumerate(job["steps"])
    ]


def targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][\w-]*):", makefile, flags=re.MULTILINE))


def test_there_are_the_workflows_and_forms_that_the_documentation_names():
    assert [path.stem for path in WORKFLOWS] == ["gate", "release", "site"]
    assert [path.stem for path in FORMS] == ["bug", "feature", "question"]
    assert (GITHUB / "pull_request_template.md").is_file()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_only_what_publishes_may_do_more(path):
    content = read(path)
    assert content["name"] == path.stem and content["on"] and content["permissions"] == {"contents": "read"}
    for name, job in content["jobs"].items():
        assert job.get("permissions") == MAY_PUBLISH.get((path.stem, name)), name
        assert job["runs-on"] == "ubuntu-24.04" and 0 < job["timeout-minutes"] <= 90, name
    assert "secrets" not in path.read_text(encoding="utf-8") and "pull_request_target" not in content["on"]


@pytest.mark.parametrize(("job", "step"), steps())
def test_a_step_is_a_target_of_the_makefile_or_a_pinned_action(job, step):
    assert ("run" in step) != ("uses" in step)
    if "uses" in step:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]), "an action is pinned by its commit"
        assert "checkout" not in step["uses"] or step["with"] == {"persist-credentials": False}
        return
    words = step["run"].split()
    assert words[0] == "make" and "${{" not in step["run"], "what GitHub fills in reaches a shell by the environment"
    wanted = words[1].strip('"')
    if wanted == "$TARGET":
        wanted = {each["target"] for each in job["strategy"]["matrix"]["include"]}
    assert ({wanted} if isinstance(wanted, str) else wanted) <= targets()


def test_an_action_is_the_same_one_everywhere_and_its_version_stands_beside_it():
    found = {}
    for path in WORKFLOWS:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
        for line in lines:
            action, commit, version = re.fullmatch(r".*uses: (\S+)@(\S+) # (v\d+\.\d+\.\d+)", line).groups()
            found.setdefault(action, set()).add((commit, version))
    assert found and all(len(pins) == 1 for pins in found.values())


def test_the_gate_runs_on_every_python_that_is_promised_and_on_both_ends_of_the_versions():
    gate = read(GITHUB / "workflows" / "gate.yml")["jobs"]
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.py").read_text(encoding="utf-8"))
    assert gate["newest"]["strategy"]["matrix"]["python"] == classifiers
    pinned = gate["pinned"]["strategy"]["matrix"]["include"]
    assert {each["versions"] for each in pinned} == {"lowest", "colab"}
    file = gate["pinned"]["env"]["CONSTRAINTS"]
    assert all((ROOT / file.replace("${{ matrix.versions }}", each["versions"])).is_file() for each in pinned)
    assert {each["python"] for each in pinned} <= set(classifiers)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_takes(path):
    form = read(path)
    assert form["name"] and form["description"] and form["body"]
    names = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    assert len(names) == len(set(names)) and all(re.fullmatch(r"[\w-]+", name) for name in names)
    for field in form["body"]:
        assert field["type"] in FORM_FIELDS and field.keys() <= {"type", "id", "attributes", "validations"}
        assert field["attributes"].get("value" if field["type"] == "markdown" else "label")


def test_a_bug_report_has_to_hold_what_doctor_prints():
    fields = {field.get("id"): field for field in read(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"]}
    assert "brave-tf doctor --json" in fields["doctor"]["attributes"]["label"]
    assert fields["doctor"]["validations"] == {"required": True}


def test_what_is_not_safe_is_reported_in_private():
    place = f"{REPOSITORY}/security/advisories/new"
    links = read(GITHUB / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]
    assert place in [link["url"] for link in links] and all(link["name"] and link["about"] for link in links)
    assert place in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_actions_are_kept_up_to_date():
    content = read(GITHUB / "dependabot.yml")
    assert content["version"] == 2
    assert [update["package-ecosystem"] for update in content["updates"]] == ["github-actions"]


def test_the_citation_names_this_version_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["message"] and citation["title"]
    assert citation["authors"] == [{"name": "The brave_tf authors"}]
    assert citation["version"] == brave_tf.__version__ and citation["license"] == "Apache-2.0"
    (paper,) = citation["references"]
    assert paper["title"] == "Broaden Your Views for Self-Supervised Video Learning"
    assert len(paper["authors"]) == 13 and paper["year"] == 2021 and paper["url"] == "https://arxiv.org/abs/2103.16559"


def test_no_address_of_the_project_is_invented():
    files = [path for path in GITHUB.rglob("*") if path.is_file()]
    files += [
        ROOT / name for name in ("CITATION.cff", "SECURITY.md", "CODE_OF_CONDUCT.md", "setup.py", "docs/releasing.md")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    found = set(re.findall(r"https://(?:github\.com/brave[^/\s\"]*/[^/\s\"'>)]+|[\w-]+\.github\.io/[\w-]+)", text))
    assert found == {REPOSITORY, "https://brave-tf.github.io/brave-tf"}


def test_the_two_commands_of_ci_are_the_same():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    gate = read(GITHUB / "workflows" / "gate.yml")["jobs"]["newest"]["steps"]
    assert script[-1] == gate[-1]["run"] == "make check"


def test_scripts_of_ci_need_nothing_that_is_installed():
    import sys

    for path in (ROOT / ".ci").glob("*.py"):
        imports = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        names = {
            alias.name if isinstance(node, ast.Import) else node.module for node in imports for alias in node.names
        }
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names, path
