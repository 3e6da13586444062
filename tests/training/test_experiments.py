"""Every preset builds and takes a training step on real clips: few frames and pixels, thin networks or whole ones."""

import dataclasses
import functools
import gc

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.commands import prepare
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset
from brave_tf.demo.world import write_world
from brave_tf.modalities import MODALITIES
from brave_tf.training.build import make_model
from tests.preparation.media_files import write_media
from tests.reduced import one_unit, reduced, shallow, thin


@pytest.fixture(scope="module")
def dataset_at(tmp_path_factory):
    """Four clips with sound of the asked rate and optical flow."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(4):
        write_media(folder / f"{number}.mp4", seconds=1.0, size=(48, 64), tone_hz=300.0 * (number + 1))

    @functools.cache
    def make(rate):
        out = tmp_path_factory.mktemp("out") / "d"
        return prepare(folder, out, workers=1, split="train=1", audio_rate=rate, flow=True, flow_size=32)

    return make


BATCHES = {}


def first_batch(dataset, config):
    """The first batch of an experiment, once for all that differ in their networks."""
    views = (dataset.path, config.narrow, config.broad, config.data, config.batch_size, config.seed)
    if views not in BATCHES:
        BATCHES[views] = next(iter(pretraining_dataset(dataset.path, config)))
    return BATCHES[views]


def one_step(config, dataset):
    """Batch, losses, and the weights of a model before and after one training step."""
    batch = first_batch(dataset, config)
    model = make_model(config)
    before = {weight.path: weight.numpy() for weight in model.towers.weights}
    metrics = {name: float(value) for name, value in model.train_step(batch).items()}
    return model, batch, metrics, before


def check_step(config, dataset, least_kernels):
    model, batch, metrics, before = one_step(config, dataset)
    narrow = config.narrow
    assert batch["narrow"].shape == (2, narrow.frames, narrow.size, narrow.size, 3)
    for modality, view in config.broad.visual.items():
        shape = (2, view.views, view.frames, view.size, view.size, MODALITIES[modality].channels)
        assert batch["broad"][modality].shape == shape
    terms = [metrics[f"narrow_to_{m}"] for m in config.broad.modalities]
    terms += [metrics[f"{m}_to_narrow"] for m in config.broad.modalities]
    # Each term is a squared distance of unit vectors, or half of it.
    most = 4 if config.model.loss_scale == "paper" else 2
    assert all(0 < term < most for term in terms)
    total = sum(terms) if config.model.loss_scale == "paper" else np.mean(terms)
    assert metrics["loss"] == pytest.approx(total, rel=1e-5)
    kernels = [w for w in model.towers.trainable_weights if w.path.endswith("kernel")]
    unchanged = [w.path for w in kernels if np.array_equal(w.numpy(), before[w.path])]
    assert len(kernels) > least_kernels and unchanged == []
    assert all(np.all(np.isfinite(weight.numpy())) for weight in model.weights)


def dataset_of(config, dataset_at):
    return dataset_at(config.broad.audio.sample_rate_hz if config.broad.audio else 16_000)


def few_frames(config):
    """Assignments that leave all visual views of several frames two."""
    views = {"narrow": config.narrow, **{f"broad.{name}": view for name, view in config.broad.visual.items()}}
    return [f"{name}.frames={min(view.frames, 2)}" for name, view in views.items()]


def every_second_frame(config):
    """Assignments that make steps between frames alike, but for flow, which is stored at steps of its own."""
    return [f"{name}.step=2" for name in ("narrow", "broad.rgb") if name == "narrow" or config.broad.rgb is not None]


def smallest(name):
    """An experiment as small as it gets, without what takes no part in a step."""
    config = presets.get(name)
    changes = [*few_frames(config), *every_second_frame(config), *thin(config), *shallow()]
    return dataclasses.replace(reduced(config, *changes), name="", steps=1)


SMALLEST = {smallest(name): name for name in presets.names()}
"""Every experiment, once where several become the same: they differ in lengths and sizes, or in their data."""
EVERY_DAY = {"tiny-v", "tiny-va", "tiny-fa", "v-v-tsm50-k600", "v-vvv-r3d50-k600", "v-fa-tsm50-audioset"}
"""Of these, the ones that `make test` steps too: every modality, both networks, several views."""


def step_of(config, name):
    return pytest.param(config, id=name, marks=[] if name in EVERY_DAY else pytest.mark.thorough)


@pytest.mark.parametrize("config", [step_of(config, name) for config, name in SMALLEST.items()])
def test_every_preset_takes_a_step(dataset_at, monkeypatch, config):
    one_unit(monkeypatch)
    check_step(config, dataset_of(config, dataset_at), least_kernels=12)


QUICK = ["v-v-tsm50-k600", "released", "tiny-v", "tiny-fa", "tiny-lips"]
WHOLE = [
    *QUICK,
    *["v-vvv-r3d50-k400", "v-fa-tsm50x2-audioset", "v-v-resnet50-k600-image", "v-v-tsm50-k600-shared-backbone"],
]
"""Presets that together have every network, in its place, of all presets."""
OTHERS = [name for name in presets.names() if name not in WHOLE]


def slow_unless_quick(name):
    return name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [slow_unless_quick(name) for name in [*WHOLE, *OTHERS]])
def test_networks_of_full_depth_and_width_take_a_step(dataset_at, name):
    config = presets.get(name)
    check_step(reduced(config, *few_frames(config)), dataset_of(config, dataset_at), least_kernels=30)
    # Up to 200 million weights, with their momentum, go before the next model comes.
    gc.collect()


def networks_of(config):
    """Backbones by their place, and the arrangement of backbones and heads."""
    model = config.model
    places = ("narrow", *config.broad.modalities)
    heads = (model.heads, model.hidden_size, model.projection_size)
    return {*((place, getattr(model, place)) for place in places), ("heads", heads), ("one", model.share_backbone)}


def test_every_network_of_a_preset_is_stepped_at_full_size():
    every = set().union(*(networks_of(presets.get(name)) for name in presets.names()))
    assert set().union(*(networks_of(presets.get(name)) for name in WHOLE)) == every


@pytest.mark.parametrize("name", ["v-vvv-tsm50-k600", "v-fa-tsm50-audioset"])
def test_gradients_of_a_term_reach_its_prediction_and_never_its_target(dataset_at, name):
    config = presets.get(name)
    config = reduced(config, *few_frames(config), *thin(config), *shallow())
    batch = first_batch(dataset_at(16_000), config)
    model = make_model(config)
    with tf.GradientTape(persistent=True) as tape:
        _, metrics = model.loss_and_means(model(model.augmented_views(batch), training=True))
    towers = model.towers
    for modality in config.broad.modalities:
        narrow = [*towers.encoder.trainable_weights, *towers.narrow_heads[modality].trainable_weights]
        broad = [*towers.broad_encoders[modality].trainable_weights, *towers.broad_heads[modality].trainable_weights]
        forward, backward = metrics[f"narrow_to_{modality}"], metrics[f"{modality}_to_narrow"]
        for term, predicting, target in ((forward, narrow, broad), (backward, broad, narrow)):
            assert tape.gradient(term, [weight.value for weight in target]) == [None] * len(target)
            assert None not in tape.gradient(term, [weight.value for weight in predicting])


@pytest.fixture(scope="module")
def textures(tmp_path_factory):
    """Clips of moving textures, where rounding and resizing matter."""
    folder = tmp_path_factory.mktemp("textures")
    write_world(folder, clips_per_motion={"train": 2}, seconds=1.5, size=64, workers=1)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1, split="train=1", flow=True, flow_size=32)


VV = ["broad.rgb.views=2", "broad.rgb.augment.random_convolution=1", "broad.rgb.frames=4"]
FA = ["broad.flow.frames=4", "broad.audio.seconds=0.5"]


def views_and_loss(dataset, config, model, place, handover):
    """A batch, its augmented views, and the loss of a first step."""
    config = override(config, [f"data.augment_on={place}", f"data.handover={handover}"])
    batch = next(iter(pretraining_dataset(dataset.path, config)))
    views = model.augmented_views(batch)
    loss, _ = model.loss_and_means(model(views, training=True))
    return batch, tf.nest.map_structure(lambda array: array.numpy(), views), float(loss)


def assert_close(ours, theirs, atol):
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=atol), ours, theirs)


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "settings"), [("tiny-v", VV), ("tiny-fa", FA)], ids=["v-vv", "v-fa"])
def test_host_and_device_augmentation_give_the_same_views_and_the_same_first_loss(
    textures, monkeypatch, name, settings
):
    one_unit(monkeypatch)
    config = presets.get(name)
    config = override(config, ["batch_size=12", "narrow.frames=4", *settings, *thin(config), *shallow()])
    # Of all four, for neither its augmentation nor its weights depend on where views are augmented.
    model = make_model(config)
    found = {
        (place, handover): views_and_loss(textures, config, model, place, handover)
        for place in ("host", "device")
        for handover in ("uint8", "float32")
    }
    rounded, exact = found["device", "uint8"][0], found["device", "float32"][0]
    assert_close(rounded["augment"], exact["augment"], atol=0)
    assert rounded["narrow"].dtype == tf.uint8 and exact["narrow"].dtype == tf.float32
    difference = rounded["narrow"].numpy().astype("float32") - exact["narrow"].numpy()
    assert 0.4 < np.abs(difference).max() <= 0.5
    for handover in ("uint8", "float32"):
        (_, host, host_loss), (_, device, device_loss) = found["host", handover], found["device", handover]
        assert_close(device, host, atol=1e-4)
        assert device_loss == pytest.approx(host_loss, rel=1e-4)
    # What rounding does to the loss.
    assert found["device", "uint8"][2] == pytest.approx(found["host", "float32"][2], rel=1e-2)
