"""What `brave-tf inspect` shows is what training gets."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import inspect, prepare
from brave_tf.config import SOURCE_FPS
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset, sampling
from brave_tf.data.views import training_views
from brave_tf.demo.world import write_world
from brave_tf.errors import UserError
from brave_tf.inspection import gather
from brave_tf.inspection.display import as_pictures, even_places, to_hear
from brave_tf.inspection.draws import draw_views
from brave_tf.inspection.windows import pieces
from brave_tf.pages.flow_color import flow_color
from brave_tf.pages.inspect_content import VisualView
from brave_tf.training.build import build
from tests.data.dmvr_files import record, write_shard
from tests.preparation.media_files import write_media

SMALL = ["batch_size=3", "seed=5", "narrow.frames=10", "narrow.step=3"]
ONE_LEVEL = 1 / 255 + 1e-6


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Moving textures with sound, 1.6 s each: shorter than the broad views, which loop."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, clips_per_motion={"train": 1}, seconds=1.6, size=48, workers=1)
    return prepare(
        folder, tmp_path_factory.mktemp("out") / "d", workers=1, split="train=1", flow=True, flow_size=24
    ).path


def displayed(values, shown_range):
    """What the page should show of the network's values."""
    low, high = shown_range or (0.0, 1.0)
    return np.clip((values - low) / (high - low), 0, 1)


def assert_shows(view: VisualView, before, after) -> None:
    """The shown frames are those of the batch: [T, H, W, 3], before uint8 and after float32."""
    places = even_places(len(before))
    np.testing.assert_array_equal(view.before, before[places])
    np.testing.assert_allclose(view.after / 255, displayed(after[places], view.shown_range), atol=ONE_LEVEL)


RGB = ["broad.rgb.views=2", "broad.rgb.augment.random_convolution=0.5"]


@pytest.mark.parametrize(
    ("preset", "extra"),
    [pytest.param("tiny-v", RGB, marks=pytest.mark.thorough), ("tiny-va", []), ("tiny-fa", [])],
)
def test_the_page_shows_what_the_train_step_gets(world, preset, extra):
    config = override(presets.get(preset), [*SMALL, *extra])
    (batch,) = pretraining_dataset(world, config).take(1)
    views = tf.nest.map_structure(np.asarray, build(config).augmented_views(batch))
    content = gather(config, world, clips=3, redraws=1)
    assert content.usable == 6 and len(content.clips) == 3
    for row, clip in enumerate(content.clips):
        draw = clip.draws[0]
        assert_shows(draw.narrow, batch["narrow"][row].numpy(), views["narrow"][row])
        for k, view in enumerate(draw.broad):
            if preset == "tiny-fa":
                colors = flow_color(views["broad"]["flow"][row, k], view.full_speed / 20)
                np.testing.assert_allclose(view.after, colors[even_places(len(colors))], atol=1)
            else:
                assert_shows(view, batch["broad"]["rgb"][row, k].numpy(), views["broad"]["rgb"][row, k])
        if draw.sound:
            np.testing.assert_allclose(draw.sound.spectrogram, views["broad"]["audio"][row], atol=1e-4)
    assert any(view.shown_range for clip in content.clips for view in clip.draws[0].broad) == (preset == "tiny-v")


def test_it_shows_what_the_host_augments(world):
    config = override(presets.get("tiny-v"), [*SMALL, "data.augment_on=host"])
    (batch,) = pretraining_dataset(world, config).take(1)
    for row, clip in enumerate(gather(config, world, clips=2, redraws=0).clips):
        places = even_places(config.narrow.frames)
        shown = clip.draws[0].narrow.after / 255
        np.testing.assert_allclose(shown, batch["narrow"][row].numpy()[places], atol=ONE_LEVEL)


def flow_record(rng):
    """40 frames of which the pixels to the right move to the right; flow at every 4th frame."""
    frames = [tf.io.encode_jpeg(rng.integers(0, 255, (64, 80, 3), np.uint8)) for _ in range(40)]
    flow = np.full((10, 32, 40, 2), 128, np.uint8)
    flow[:, :, 20:, 0] = 128 + 64
    flow[:, :16, :, 1] = 128 - 30
    record = {"frames": tf.stack(frames), "audio": tf.constant(rng.normal(size=25_600), tf.float32)}
    return record | {
        "flow": tf.stack([tf.io.encode_png(picture) for picture in flow]),
        "flow_step": tf.constant(4, tf.int64),
    }


@pytest.mark.parametrize("flipped", [0, 1])
def test_flow_is_shown_as_the_colours_of_what_the_train_step_gets(flipped):
    record = flow_record(np.random.default_rng(0))
    config = override(presets.get("tiny-fa"), [f"broad.flow.augment.flip={flipped}", "broad.flow.views=2"])
    seed = sampling.example_seed(0, tf.constant(0, tf.int64))
    batch = tf.nest.map_structure(lambda value: value[None], training_views(record, seed, config))
    values = np.asarray(build(config).augmented_views(batch)["broad"]["flow"])[0]
    draw = draw_views(record, seed, config)
    assert [view.window.name for view in draw.broad] == ["broad flow 1", "broad flow 2"] and draw.sound
    for k, view in enumerate(draw.broad):
        assert view.full_speed == pytest.approx(
            20 * np.percentile(np.hypot(*np.moveaxis(values[k], -1, 0)), 98), rel=0.1
        )
        colors = flow_color(values[k][even_places(16)], view.full_speed / 20)
        np.testing.assert_allclose(view.after / 255, colors / 255, atol=ONE_LEVEL)
        # To the right is red, and to the left cyan.
        red, green, _ = view.after.reshape(-1, 3).astype(int).T
        assert (np.mean(red - green) > 10, np.mean(red - green) < -10) == (not flipped, bool(flipped))
        assert np.array_equal(view.before, view.after) == (not flipped)
    # The crop is given in pixels of the frames, which have twice as many as the flow.
    assert max(view.crop[2] for view in draw.broad) > 32


def test_times_are_those_of_the_frames_that_are_shown(tmp_path):
    # Frames that brighten from 40 to 200 tell their own time.
    write_media(tmp_path / "v" / "a.mp4", seconds=2.0, size=(64, 80))
    data = prepare(tmp_path / "v", tmp_path / "d", workers=1, split="train=1").path
    config = override(presets.get("tiny-v"), ["broad.rgb.views=3"])
    (clip,) = gather(config, data, clips=1, redraws=3).clips
    assert clip.source == "a.mp4" and clip.seconds == 2.0
    for draw in clip.draws:
        for view in (draw.narrow, *draw.broad):
            for second, frame in zip(view.seconds, view.before, strict=True):
                assert frame.mean() == pytest.approx(40 + 160 * second * SOURCE_FPS / 49, abs=3)
            assert view.whole.mean() == pytest.approx(40 + 160 * view.seconds[0] * SOURCE_FPS / 49, abs=3)
            for second in view.window.frames:
                assert any(start <= second < end for start, end in view.window.pieces)
    assert len({tuple(draw.narrow.window.frames) for draw in clip.draws}) > 1


def test_a_view_that_runs_past_the_end_is_in_pieces():
    assert pieces(np.array([2, 4, 6]), 2, 10, 0.5) == [(1.0, 4.0)]
    assert pieces(np.array([6, 8, 0, 2]), 2, 10, 0.5) == [(3.0, 5.0), (0.0, 2.0)]
    assert pieces(np.array([8, 0, 2, 4, 6, 8, 0]), 2, 10, 0.5) == [(4.0, 5.0), (0.0, 5.0), (0.0, 1.0)]
    assert pieces(np.array([0, 0]), 4, 1, 0.04) == [(0.0, 0.04)] * 2


def test_the_released_silence_is_told():
    config = override(presets.get("tiny-va"), [*SMALL, "broad.audio.padding=zeros", "broad.audio.seconds=1.2"])
    record = flow_record(np.random.default_rng(0))
    record["audio"] = record["audio"][:16_000]
    seed = sampling.example_seed(0, tf.constant(1, tf.int64))
    sound = draw_views(record, seed, config, sound_bytes=10**6).sound
    assert sound is not None and sound.waveform is not None and sound.rate_hz == 16_000
    assert sound.waveform.size == 19_200
    silent = round(sound.silent_seconds * 16_000)
    assert silent >= 3_200
    assert not np.any(sound.waveform[-silent:]) and np.any(sound.waveform[-silent - 10 : -silent])


def test_only_the_first_draw_is_heard(world):
    content = gather(override(presets.get("tiny-va"), SMALL), world, clips=2, redraws=1)
    heard = [[draw.sound.waveform is not None for draw in clip.draws] for clip in content.clips]
    assert heard == [[True, False]] * 2


def test_sound_is_thinned_out_to_the_bytes_it_may_take():
    waveform = np.repeat([0.5, -0.5], 8_000)
    assert to_hear(waveform, 16_000, 32_000)[1] == 16_000
    thin, rate = to_hear(waveform, 16_000, 12_000)
    assert rate == 16_000 // 3 and thin.size == 5_333 and thin[0] == 0.5 and thin[-1] == -0.5
    assert to_hear(waveform, 16_000, 1_000) is None


def test_values_beyond_0_to_1_are_rescaled_and_others_are_not():
    inside = np.linspace(0, 1, 300).reshape(10, 10, 3)
    assert as_pictures(inside)[1] is None and as_pictures(inside)[0].max() == 255
    pixels, shown_range = as_pictures(4 * inside - 2)
    assert shown_range == pytest.approx((-1.96, 1.96)) and (pixels.min(), pixels.max()) == (0, 255)


def test_fewer_clips_than_asked_are_said(world, tmp_path, capsys):
    page = tmp_path / "new" / "page.html"
    arguments = ["inspect", str(world), "--preset", "tiny-v", "--clips", "9", "--redraws", "0", "--seed", "2"]
    assert main([*arguments, "--out", str(page), "--set", "narrow.frames=4", "broad.rgb.frames=4"]) == 0
    said, wrote, following = capsys.readouterr().out.splitlines()
    assert said == f"{page}: 6 clips (asked for 9, there are no more); tiny-v can use 6 of 6 clips in split train"
    assert wrote == f"wrote {page}" and following.startswith(f"next: brave-tf pretrain tiny-v --data {world} --run ")
    text = page.read_text(encoding="utf-8")
    assert "9 were asked for" in text and f"--out {page} --clips 9 --redraws 0 --seed 2" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "tiny-x"], "received preset 'tiny-x'; did you mean tiny-"),
        (["--preset", "tiny-f", "--set", "broad.flow.step=6"], "flow at every 4th frame; tiny-f takes every 6th"),
        (["--preset", "tiny-va", "--set", "broad.audio.sample_rate_hz=48000"], "holds sound at 16000 Hz"),
        (["--preset", "tiny-v", "--split", "test"], "has no split 'test'"),
        (["--preset", "tiny-v", "--clips", "0"], "received --clips 0; expected 1 or more"),
        (["--preset", "tiny-v", "--redraws", "8"], "received --redraws 8; expected 0 to 7"),
    ],
)
def test_a_mistake_is_one_line(world, tmp_path, capsys, arguments, words):
    assert main(["inspect", str(world), *arguments, "--out", str(tmp_path / "page.html")]) in (1, 2)
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_dataset_and_a_page_that_cannot_be_written(world, tmp_path):
    config = override(presets.get("tiny-v"), ["narrow.frames=2", "broad.rgb.frames=2"])
    with pytest.raises(UserError, match="is not a dataset"):
        inspect(tmp_path, config, tmp_path / "page.html")
    with pytest.raises(UserError, match="expected a place that can be written"):
        inspect(world, config, Path(tmp_path), clips=1, redraws=0)


def test_clips_that_are_left_out_are_counted(tmp_path):
    for name, sound_hz in (("a", 16_000), ("b", None), ("c", None)):
        write_media(tmp_path / "v" / f"{name}.mp4", seconds=1.0, sound_hz=sound_hz)
    data = prepare(tmp_path / "v", tmp_path / "d", workers=1, split="train=1").path
    config = dataclasses.replace(presets.get("tiny-va"), seed=1)
    content = gather(config, data, redraws=0)
    assert (content.usable, content.wanted, content.left_out["without sound"]) == (1, 4, 2)
    assert [clip.source for clip in content.clips] == ["a.mp4"]


def test_dmvr_shards_are_shown_with_what_is_assumed_of_them(tmp_path):
    write_shard(tmp_path / "shards" / "train-00000-of-00001", [record(), record(samples=0)])
    content = gather(override(presets.get("tiny-v"), SMALL), tmp_path / "shards", clips=1, redraws=0)
    assert len(content.clips) == 1 and any(name == "note" for name, _ in content.facts)
