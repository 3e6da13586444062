"""The pages of the Python reference: which name stands where. Their text is the docstrings, read without importing."""

import importlib
import inspect

PAGES = {
    "commands": (
        "Commands as functions",
        "Every command of `brave-tf` but `demo`, with the same arguments, defaults and documentation.",
        ["brave_tf.commands.*"],
    ),
    "method": (
        "The method",
        "BraVe as a Keras model that takes networks of your own, its optimizer, and its loss as pure functions.",
        ["brave_tf.Brave", "brave_tf.LARS", "brave_tf.WarmupCosine", "brave_tf.losses"],
    ),
    "networks": (
        "Networks",
        "The paper's backbones and heads, in plain Keras layers.",
        ["brave_tf.TSMResNet", "brave_tf.R3D", "brave_tf.AudioResNet", "brave_tf.models.Head"],
    ),
    "encoders": (
        "Encoders",
        "What is kept of a run, and what others made, behind one call.",
        ["brave_tf.load_encoder", "brave_tf.as_encoder", "brave_tf.EncoderCard", "brave_tf.encoders.Encoder"],
    ),
    "data": (
        "Data",
        "Datasets, and the batches that training draws from them.",
        ["brave_tf.data.*"],
    ),
    "training": (
        "Training",
        "What `brave_tf.pretrain` is made of, for programs of your own.",
        ["brave_tf.build", "brave_tf.training.*"],
    ),
    "config": (
        "Experiments and settings",
        "Experiments by name, and the settings that `--set` changes.",
        ["brave_tf.presets.*", "brave_tf.config.*"],
    ),
    "evaluation": (
        "Evaluation",
        "The protocols by which `brave_tf.evaluate` scores an encoder; their fields are the options of the command.",
        [],
    ),
    "results": (
        "What commands return",
        "Records of runs, datasets and tables, and the errors that all commands raise.",
        [
            *("brave_tf.runs.*", "brave_tf.verification.*", "brave_tf.preparation.*"),
            *("brave_tf.embedding.table.read_table", "brave_tf.embedding.table.open_table"),
            *("brave_tf.export.export_encoder", "brave_tf.convert.*"),
            *("brave_tf.errors.UserError", "brave_tf.errors.UsageError"),
        ],
    ),
}
"""By page its title, its first sentence, and the names on it; `.*` stands for all that a package makes public."""


def pages() -> dict[str, str]:
    """By page its Markdown, for mkdocstrings."""
    contents = {
        page: (
            title,
            words,
            _protocols() if page == "evaluation" else [_entry(name, _called(name)) for name in named(page)],
        )
        for page, (title, words, _) in PAGES.items()
    }
    rows = [f"| [{title}]({name}.md) | {words} |" for name, (title, words, _) in contents.items()]
    overview = [
        *("# Python", "", "[Networks of your own](../python.md) is where to begin."),
        *("", "| page | holds |", "|---|---|", *rows, ""),
    ]
    return {
        "api/index.md": "\n".join(overview),
        **{f"api/{name}.md": _page(*content) for name, content in contents.items()},
    }


def named(page: str) -> list[str]:
    """The names on a page."""
    found: list[str] = []
    for name in PAGES[page][2]:
        package = name.removesuffix(".*")
        found += [f"{package}.{each}" for each in _public(package)] if package != name else [name]
    return found


def _public(package: str) -> list[str]:
    module = importlib.import_module(package)
    if hasattr(module, "__all__"):
        return list(module.__all__)
    functions = inspect.getmembers(module, inspect.isfunction)
    own = [(name, each) for name, each in functions if each.__module__ == package and not name.startswith("_")]
    return [name for name, each in sorted(own, key=lambda pair: inspect.unwrap(pair[1]).__code__.co_firstlineno)]


def _protocols() -> list[str]:
    from brave_tf.config.words import PROTOCOLS
    from brave_tf.evaluation.protocol import protocol_class

    kinds = {name: protocol_class(name) for name in PROTOCOLS}
    return [_entry(f"{kind.__module__}.{kind.__qualname__}", name, "members: false") for name, kind in kinds.items()]


def _called(name: str) -> str:
    """How users call it: two packages can be called like the functions of their names."""
    return name.replace(".commands", "")


def _page(title: str, words: str, entries: list[str]) -> str:
    return "\n\n".join([f"# {title}", words, *entries]) + "\n"


def _entry(name: str, heading: str, *options: str) -> str:
    """What mkdocstrings puts a docstring in place of."""
    lines = [f"::: {name}", "    options:", f"      heading: {heading}", *(f"      {each}" for each in options)]
    return "\n".join(lines)
