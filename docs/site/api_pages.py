"""The pages of the Python reference: which name stands where. Their text is the docstrings, read without importing."""

PAGES = {
    "commands": (
        "Commands as functions",
        "Every command of `brave-tf` but `demo`, with the same arguments, defaults and documentation.",
        [
            *("brave_tf.prepare", "brave_tf.verify", "brave_tf.inspect", "brave_tf.pretrain", "brave_tf.report"),
            *("brave_tf.evaluate", "brave_tf.ablate", "brave_tf.embed", "brave_tf.search"),
            *("brave_tf.commands.export", "brave_tf.publish", "brave_tf.commands.convert"),
        ],
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
        [f"brave_tf.data.{name}" for name in ("open_dataset", "pretraining_dataset", "Dataset", "TrainingClips")],
    ),
    "training": (
        "Training",
        "What `brave_tf.pretrain` is made of, for programs of your own.",
        [
            "brave_tf.build",
            *(f"brave_tf.training.{name}" for name in ("make_optimizer", "make_strategy", "is_chief")),
            *(f"brave_tf.training.{name}" for name in ("Checkpoints", "CheckpointWriter", "MetricsWriter")),
            *(f"brave_tf.training.{name}" for name in ("HealthGuard", "DamageWatch", "KNNProbe", "StopOnSignal")),
        ],
    ),
    "config": (
        "Experiments and settings",
        "Experiments by name, and the settings that `--set` changes.",
        [
            *(f"brave_tf.presets.{name}" for name in ("names", "get", "describe", "released_checkpoints", "Preset")),
            *(f"brave_tf.config.{name}" for name in ("Config", "VideoViewConfig", "AugmentConfig", "BroadConfig")),
            *(f"brave_tf.config.{name}" for name in ("AudioViewConfig", "ModelConfig", "BackboneConfig")),
            *(f"brave_tf.config.{name}" for name in ("OptimizerConfig", "DataConfig", "MonitorConfig")),
            *(f"brave_tf.config.{name}" for name in ("EvaluationConfig", "EvaluationInput", "Modality")),
            *(f"brave_tf.config.{name}" for name in ("FLOW_AUGMENT", "SOURCE_FPS")),
        ],
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
            *("brave_tf.runs.read_run", "brave_tf.runs.RunRecord"),
            *("brave_tf.verification.verify_dataset", "brave_tf.verification.VerificationReport"),
            *("brave_tf.embedding.table.read_table", "brave_tf.embedding.table.open_table"),
            *("brave_tf.preparation.write_dataset", "brave_tf.export.export_encoder"),
            *("brave_tf.convert.convert_checkpoint", "brave_tf.convert.read_checkpoint"),
            *("brave_tf.convert.from_haiku", "brave_tf.convert.to_haiku"),
            *("brave_tf.errors.UserError", "brave_tf.errors.UsageError"),
        ],
    ),
}
"""By page its title, its first sentence, and the public names on it."""


def pages() -> dict[str, str]:
    """By page its Markdown, for mkdocstrings."""
    contents = {
        page: (title, words, _protocols() if page == "evaluation" else [_entry(name, _called(name)) for name in names])
        for page, (title, words, names) in PAGES.items()
    }
    rows = [f"| [{title}]({name}.md) | {words} |" for name, (title, words, _) in contents.items()]
    overview = [
        *("# Python", "", "[In Python](../python.md) is where to begin."),
        *("", "| page | holds |", "|---|---|", *rows, ""),
    ]
    return {
        "api/index.md": "\n".join(overview),
        **{f"api/{name}.md": _page(*content) for name, content in contents.items()},
    }


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
