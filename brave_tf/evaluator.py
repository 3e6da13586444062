"""`brave_tf.evaluate`: a whole evaluation, from the places of encoder and data to `report.json` and `report.html`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brave_tf.config.words import LocalStrategyName, ProtocolName
from brave_tf.modalities import TowerChoice
from brave_tf.progress import note

if TYPE_CHECKING:
    import tensorflow as tf

CACHE_FOLDER = "features"
PAGE_FILE = "report.html"
OWN_SCORES = (
    "the encoder is itself a network at random initialisation: the scores of random initialisation are its own, and no "
    "other network was evaluated beside it"
)


def evaluate(
    encoder: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    protocol: ProtocolName = "linear",
    tower: TowerChoice | None = None,
    label: str | None = None,
    folds: str | int | None = None,
    seed: int = 0,
    random_init: bool = True,
    cache: str | Path | None = None,
    view: Mapping[str, Any] | None = None,
    classifier: Mapping[str, Any] | None = None,
    strategy: "LocalStrategyName | tf.distribute.Strategy" = "auto",
) -> dict[str, Any]:
    """Score an encoder on labelled clips, beside random initialisation and chance.

    Example: brave-tf evaluate runs/first --data dataset --protocol linear --out reports/linear

    In Python: brave_tf.evaluate("runs/first", "dataset", "reports/linear", protocol="linear")

    Features are kept, so that the same command goes on after an interruption, and other protocols start from them.

    Args:
        encoder: run directory (until the run has finished, its newest checkpoint), RUN/checkpoints/step-N, .keras file,
            exported SavedModel, random:NAME (tsm50, tsm50x2, r3d50, audio-resnet50, tiny, or a preset), or
            baseline:log-mel.
        data: labelled dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME.
        out: directory for report.json and report.html.
        protocol: how the encoder is scored.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        label: label column to predict; by default `label`, or the only one.
        folds: label column whose values are the folds, or train and test, or a number of folds; by default the
            benchmark's official ones, or the dataset's train and test.
        seed: seed of the augmented samples, the classifiers and the random initialisation.
        random_init: evaluate the same network at random initialisation too. Where the encoder is itself at random
            initialisation, its own scores stand there, and the report says so.
        cache: folder of features; by default `features` beside the report's directory.
        view: what to change of the encoder's own evaluation settings.
        classifier: settings of the protocol that are not its defaults.
        strategy: devices that share the work: "mirrored" takes all GPUs of this machine, "tpu" a TPU, "auto" whichever
            is there.

    Returns:
        The content of report.json.

    Raises:
        UserError: encoder, dataset or settings do not fit, or a file cannot be written.
    """
    # Each of these loads TensorFlow, which `brave-tf --help` does without.
    from brave_tf.data.open import open_dataset
    from brave_tf.encoders.encoder import load_encoder
    from brave_tf.evaluation.comparison import compare_with_random
    from brave_tf.evaluation.protocol import make_protocol
    from brave_tf.evaluation.report import make_folder, make_report, write_report
    from brave_tf.evaluation.request import Request, changed_input, check_fit
    from brave_tf.training.strategy import make_local_strategy

    out = Path(out)
    chosen = make_protocol(protocol, classifier or {})
    dataset = open_dataset(data)
    for line in dataset.notes():
        note(line)
    with make_local_strategy(strategy).scope():
        loaded = load_encoder(encoder, tower)
        check_fit(loaded, dataset)
        request = Request(
            chosen, changed_input(loaded.card, view or {}), label, None if folds is None else str(folds), seed
        )
        random = (loaded if loaded.is_random else loaded.random_twin(seed)) if random_init else None
        if random is None and random_init:
            note(f"{encoder} does not say which network it is, so there is no random initialisation to compare with")
        make_folder(out)
        outcome = compare_with_random(loaded, random, dataset, request, Path(cache or out.parent / CACHE_FOLDER))
    report = make_report(outcome, request, loaded)
    report["encoder"]["path"], report["dataset"]["path"] = str(encoder), str(data)
    if random is loaded:
        report["random_init_note"] = OWN_SCORES
    write_report(out, report)
    _write_page(out / PAGE_FILE, report, outcome, request)
    return report


def _write_page(path: Path, report: dict[str, Any], outcome: Any, request: Any) -> None:
    from brave_tf.inspection.mistakes import pictures_of
    from brave_tf.pages import evaluation_report

    ids = [mistake["clip_id"] for mistake in report.get("mistakes", ())]
    input_view = request.input_view
    pictures = pictures_of(outcome.clips.dataset, ids, input_view.modality, input_view.audio)
    evaluation_report.write(path, report, pictures)
