"""Configurations: presets, JSON, overrides and their errors."""

import dataclasses
import json

import pytest

from brave_tf import presets
from brave_tf.config import values as config_values
from brave_tf.errors import UserError


@pytest.mark.parametrize("name", presets.names())
def test_presets_survive_json(name):
    preset = presets.get(name)
    assert config_values.from_dict(json.loads(json.dumps(config_values.to_dict(preset)))) == preset


def test_paper_presets_hold_the_papers_numbers():
    video, audio = presets.get("v-v-tsm50-k600"), presets.get("v-a-tsm50-audioset")
    assert (video.narrow.frames, video.narrow.step, video.narrow.size) == (16, 2, 224)
    assert (video.broad.rgb.frames, video.broad.rgb.step, video.broad.rgb.size) == (64, 4, 112)
    assert video.narrow.frames * video.narrow.size**2 == video.broad.rgb.frames * video.broad.rgb.size**2
    assert (audio.narrow.frames, audio.narrow.seconds, audio.broad.audio.spectrogram_frames) == (32, 2.56, 500)
    assert (video.optimizer.peak_learning_rate, audio.optimizer.peak_learning_rate) == (4.8, 1.0)
    assert (video.steps, audio.steps, video.batch_size) == (300_000, 620_000, 512)


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("steps=7", ("steps",), 7),
        ("optimizer.peak_learning_rate=0.3", ("optimizer", "peak_learning_rate"), 0.3),
        ("narrow.augment.crop_area=0.2,1", ("narrow", "augment", "crop_area"), (0.2, 1.0)),
        ("model.narrow.depth=50", ("model", "narrow", "depth"), 50),
        ("data.augment_on=host", ("data", "augment_on"), "host"),
        ("jit_compile=true", ("jit_compile",), True),
    ],
)
def test_override(assignment, path, value):
    before = presets.get("tiny-va")
    found = after = config_values.override(before, [assignment])
    for key in path:
        found = getattr(found, key)
    assert found == value
    assert len(config_values.differences(config_values.to_dict(before), config_values.to_dict(after))) >= 1


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("steps", "key=value"),
        ("step=3", "no such key.*steps"),
        ("narrow=3", "group.*frames"),
        ("narrow.depth=3", "no such key.*frames"),
        ("steps=many", "received steps=many; expected it to be a valid integer"),
        ("steps=0", "greater than or equal to 1"),
        ("model.narrow.depth=20", "14, 26, 50"),
        ("batch_size=1", "batch_size"),
    ],
)
def test_unusable_overrides_say_what_was_expected(assignment, words):
    with pytest.raises(UserError, match=words) as caught:
        config_values.override(presets.get("tiny-va"), [assignment])
    assert "\n" not in str(caught.value)


def test_differences_are_listed_key_by_key():
    old = config_values.to_dict(presets.get("tiny-va"))
    new = config_values.to_dict(config_values.override(presets.get("tiny-va"), ["steps=5", "model.narrow.depth=50"]))
    changed = config_values.differences(old, new)
    assert [line.split(":")[0] for line in changed] == ["model.narrow.depth", "steps"]


def test_a_configuration_without_a_broad_view_is_refused():
    values = config_values.to_dict(presets.get("tiny-va"))
    values["broad"] = {"rgb": None, "audio": None}
    with pytest.raises(UserError, match="at least one broad view"):
        config_values.from_dict(values)


def test_mel_bands_that_the_sound_does_not_hold_are_refused():
    with pytest.raises(UserError, match="holds up to 4000 Hz"):
        config_values.override(presets.get("tiny-va"), ["broad.audio.sample_rate_hz=8000"])
    both = ["broad.audio.sample_rate_hz=8000", "broad.audio.high_hz=3800"]
    assert config_values.override(presets.get("tiny-va"), both).broad.audio.high_hz == 3800


def test_unknown_keys_are_refused():
    with pytest.raises(UserError, match="colour"):
        config_values.from_dict({**config_values.to_dict(presets.get("tiny-v")), "colour": 1})


def test_unknown_preset_offers_the_nearest():
    with pytest.raises(UserError, match=r"did you mean tiny-v or .*one of the \d+ that `brave-tf presets` lists"):
        presets.get("tiny-w")


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        presets.get("tiny-v").steps = 3


@pytest.mark.parametrize(
    ("assignments", "words"),
    [
        (["model.narrow.shift=0.001"], "shift=0.001 with width=0.25, which moves none of the 512 channels"),
        (["model.audio.width=0.0625", "model.audio.shift=0.001"], "moves none of the 128 channels .* at least 0.00781"),
        (["narrow.frames=1"], "narrow.frames=1 with model.narrow.shift=0.125; one frame has no neighbours"),
        (["broad.rgb.frames=1"], "broad.rgb.frames=1 with model.rgb.shift=0.125; .* expected model.rgb.shift=0"),
    ],
)
def test_a_temporal_shift_without_effect_is_refused(assignments, words):
    with pytest.raises(UserError, match=words):
        config_values.override(presets.get("tiny-v"), assignments)


def test_a_temporal_shift_with_effect_and_none_at_all_are_taken():
    narrow = ["model.narrow.width=0.0625", "model.narrow.shift=0.01"]
    assert config_values.override(presets.get("tiny-v"), narrow).model.narrow.shift == 0.01
    for assignments in (["narrow.frames=1", "model.narrow.shift=0"], ["narrow.frames=1", "model.narrow.network=r3d"]):
        assert config_values.override(presets.get("tiny-v"), assignments).narrow.frames == 1
