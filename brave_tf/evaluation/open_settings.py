"""What neither the paper nor the released code says, and what is taken instead: lines for the report."""

from brave_tf.evaluation.request import Request
from brave_tf.modalities import MODALITIES, NARROW, ModalityRecord

_AUGMENTED = (
    "augmented samples of sound: a window that starts anywhere and loops, as in pre-training; the paper names no other"
)


def open_settings(request: Request) -> list[str]:
    """The choices behind an evaluation, a line each."""
    view, head, finetune = request.shown.view, request.head, request.finetune
    lines = _PROTOCOLS.get(request.protocol, "")
    found = [
        lines.format(
            svm_c=view.svm_c,
            head=head,
            finetune=finetune,
            neighbours=request.neighbours,
            chosen="chosen from a grid" if request.svm_c_grid else f"{view.svm_c:g}",
        )
    ]
    record = MODALITIES[request.shown.modality]
    found += _modality_lines(record, request)
    if not record.is_sound and request.shown.view.crops > 1:
        where = "on the diagonal, as in the released code" if view.crop_places == "diagonal" else "in a centred row"
        found.append(f"test crops lie {where}; the paper only counts them")
    return [line for line in found if line]


def _modality_lines(record: ModalityRecord, request: Request) -> list[str]:
    view = request.shown.view
    if record.is_sound:
        lines = [
            f"{record.word}: windows of {view.audio_seconds:g} s, {view.windows} evenly spaced ones to test a clip"
        ]
        return lines + ([_AUGMENTED] if request.protocol not in ("knn", "retrieval") else [])
    if record.name == NARROW:
        return []
    steps = "pre-training augmentation without blur" if record.has_colors else "crop and flip"
    return [f"{record.word}: the broad backbone at the frames and size that it was pre-trained on, {steps}"]


_PROTOCOLS = {
    "linear": "linear SVM: inverse regularisation C {chosen}; the paper leaves its values open, the released README "
    "takes 1e-4 for all of its numbers",
    "linear-lars": "linear layer with LARS on standardised features: learning rate {head.learning_rate:g} falling "
    "along a cosine, {head.epochs} epochs of {head.batch_size} features, weight decay {head.weight_decay:g}; the paper "
    "leaves all of them open",
    "mlp": "one hidden layer of {head.hidden_size} (paper) with ReLU on standardised features, dropout "
    "{head.dropout:g}, Adam (paper) at {head.learning_rate:g} falling along a cosine, {head.epochs} epochs of "
    "{head.batch_size} features; the paper leaves all else open",
    "finetune": "fine-tuning: SGD, momentum {finetune.momentum:g}, learning rate {finetune.learning_rate:g} falling "
    "along a cosine, {finetune.epochs} epochs of {finetune.batch_size} clips, dropout {finetune.dropout:g}, weight "
    "decay {finetune.weight_decay:g}; probabilities averaged over the test windows; the paper leaves all of them open",
    "knn": "{neighbours} nearest neighbours vote, weighted by closeness, on standardised unit vectors",
    "retrieval": "videos are compared by the cosine of their mean features; the test split asks, the training split "
    "answers",
}
