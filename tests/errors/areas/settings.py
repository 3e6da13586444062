"""What is said of presets, `--set` and configurations."""

from tests.errors.entry import Area, Entry
from tests.errors.world import World

CONFIG = "brave_tf/config"


def setting(*assignments: str, preset: str = "tiny-va") -> str:
    """A command that changes a preset."""
    return f"pretrain {preset} --data dataset --run runs/first --set {' '.join(assignments)}"


def _without_broad_views(world: World) -> None:
    from brave_tf.config import BroadConfig, Config

    Config(name="mine", broad=BroadConfig())


def built(**parts: object) -> object:
    """A configuration that is written in Python."""

    def provoke(world: World) -> None:
        from brave_tf import presets
        from brave_tf.config.values import from_dict, to_dict

        values = to_dict(presets.get("tiny-v"))
        for key, value in parts.items():
            place, *inner = key.split("__")
            target = values
            for step in [place, *inner][:-1]:
                target = target[step]
            target[[place, *inner][-1]] = value
        from_dict(values)

    return provoke


def _missing_key(world: World) -> None:
    from brave_tf.config.values import from_dict

    from_dict({"steps": 100})


def _protocol(**settings: object) -> object:
    def provoke(world: World) -> None:
        from brave_tf.config.values import changed
        from brave_tf.evaluation.protocol import protocol_class

        changed(protocol_class("attentive")(), settings, " for the protocol attentive")

    return provoke


def _loss_scale(world: World) -> None:
    from brave_tf.losses import view_losses

    view_losses({}, scale="half")


COMMON = (
    Entry(
        "brave_tf/presets/__init__.py",
        "received preset",
        "presets tiny-vv",
        "There is no preset of that name.",
        "`brave-tf presets` lists all of them.",
        title="A preset's name is mistyped",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "there is no such key",
        setting("optimizer.learning_rate=0.1"),
        "The preset has no setting of that name.",
        "The message lists those beside it. `brave-tf presets PRESET` shows all settings of a preset with their "
        "values.",
        title="A key of --set is mistyped",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "{problems}",
        setting("batch_size=0"),
        "A value is of the wrong kind, or out of its range. Several mistakes are told at once.",
        says="received batch_size=0",
        title="A value of --set is out of range",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "expected key=value",
        setting("steps"),
        "What follows `--set` is a key, an equals sign and a value, without spaces.",
        title="--set without a value",
    ),
)

OTHERS = (
    Entry(
        f"{CONFIG}/values.py",
        "it is a group",
        setting("optimizer=adam"),
        "The key names several settings.",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "expected some of {', '.join(known)",
        _protocol(head=8),
        "The protocol, or the view of an evaluation, has no such setting.",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "{_describe(error.errors()[0], of)}",
        _protocol(heads=0),
        "A setting of a protocol, or of the view of an evaluation, is out of its range.",
        says="received heads=0",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "received no {key}",
        _missing_key,
        "A configuration lacks a setting, such as one that was written by hand.",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "which is no setting",
        built(stepps=3),
        "A configuration has a setting that there is not, such as one of another version.",
    ),
    Entry(
        f"{CONFIG}/values.py",
        "expected it to be {wanted}",
        setting("precision=half"),
        "A value is of the wrong kind, or out of its range.",
    ),
    Entry(
        f"{CONFIG}/experiment.py",
        "expected 1 and independent",
        setting("narrow.views=2"),
        "BraVe has one narrow view.",
    ),
    Entry(
        f"{CONFIG}/experiment.py",
        "expected full: only broad views are small",
        setting("narrow.decode=small"),
        "The narrow view is cut from whole frames.",
    ),
    Entry(
        f"{CONFIG}/experiment.py",
        "whose terms are statistics of the whole batch",
        setting("micro_batches=2", "model.objective=vicreg"),
        "The objective looks at the whole batch at once, which micro-batches divide.",
    ),
    Entry(
        f"{CONFIG}/experiment.py",
        "without broad.rgb",
        setting("model.share_backbone=true", "model.rgb.depth=26"),
        "Only a broad RGB view can share the narrow network.",
    ),
    Entry(
        f"{CONFIG}/experiment.py",
        "one frame has no neighbours",
        setting("narrow.frames=1", preset="v-vvv-tsm50-k600"),
        "Networks with temporal shift need frames to shift from.",
    ),
    Entry(
        f"{CONFIG}/model.py",
        "which moves none of the",
        setting("model.narrow.shift=0.0001"),
        "So small a share of the channels is no channel.",
    ),
    Entry(
        f"{CONFIG}/model.py",
        "the only one for sound",
        setting("model.audio.network=r3d"),
        "R3D takes video.",
    ),
    Entry(
        f"{CONFIG}/model.py",
        "no gradient reaches a moving average",
        setting("model.stop_gradient=false", "model.target_momentum=0.99"),
        "The two settings contradict one another.",
    ),
    Entry(
        f"{CONFIG}/model.py",
        "they belong to objective=regression",
        setting("model.objective=vicreg", "model.target_momentum=0.99"),
        "The two settings contradict one another.",
    ),
    Entry(
        f"{CONFIG}/model.py",
        "received model.share_backbone with",
        setting("model.share_backbone=true", "model.rgb.depth=14", preset="tiny-v"),
        "One network cannot have two shapes.",
    ),
    Entry(
        f"{CONFIG}/views.py",
        "mel bands from",
        setting("broad.audio.high_hz=9000"),
        "Sound at that rate has no such high notes.",
    ),
    Entry(
        f"{CONFIG}/views.py",
        "expected offset=aligned, as released",
        setting("broad.audio.padding=zeros", "broad.audio.offset=independent"),
        "The two settings contradict one another.",
    ),
    Entry(
        f"{CONFIG}/views.py",
        "at least one broad view is needed",
        built(broad={}),
        "BraVe predicts broad views, so that there has to be one.",
    ),
    Entry(
        f"{CONFIG}/views.py",
        "there are small frames of",
        setting("broad.flow.decode=small", preset="v-fa-tsm50-audioset"),
        "`prepare --broad-size` stores small frames of the video alone.",
    ),
    Entry(
        f"{CONFIG}/views.py",
        "has no colours",
        setting("broad.flow.augment.color=0.8", preset="v-fa-tsm50-audioset"),
        "Optical flow is no picture in colours.",
    ),
    Entry(
        f"{CONFIG}/views.py",
        "expected two numbers above 0",
        setting("narrow.augment.crop_area=1,0.3"),
        "A range begins with its smaller end.",
    ),
    Entry(
        "brave_tf/evaluation/protocols/attentive.py",
        "received no learning rate",
        _protocol(learning_rates=()),
        "The attentive probe tries each of them.",
    ),
    Entry(
        "brave_tf/losses.py",
        "received scale=",
        _loss_scale,
        "There are two scales of the loss.",
    ),
)

AREA = Area(
    "Presets and settings",
    "What is said when an experiment is chosen or changed. Every command that takes a preset checks it before anything "
    "else.",
    COMMON,
    OTHERS,
)
