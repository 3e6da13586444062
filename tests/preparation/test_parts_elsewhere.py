"""Parts, and the steps of Beam's workers, where sources and dataset are on storage elsewhere."""

import pytest

from brave_tf.commands import prepare
from brave_tf.errors import UserError
from brave_tf.preparation import beam_steps
from brave_tf.storage import upload_tree
from tests.preparation.media_files import write_media
from tests.preparation.steps import run_steps
from tests.storage.elsewhere import every_other_time, failing, new_place


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for number in range(20):
        write_media(folder / f"{number:02}.wav", seconds=0.1 + 0.01 * number, size=None)
    (folder / "broken.wav").write_bytes(b"no sound")
    return folder


@pytest.fixture(scope="module")
def sounds_elsewhere(sounds):
    folder = new_place()
    upload_tree(sounds, folder)
    return folder


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    prepare(sounds, out, workers=0)
    return files(out)


def test_parts_make_the_same_dataset(sounds_elsewhere, whole):
    out = new_place()
    prepare(sounds_elsewhere, out, workers=0, part="2/2")
    with pytest.raises(UserError, match=r"lacks \d of 3 shards.*; run --part I/2 again for I = 1$"):
        prepare(sounds_elsewhere, out, merge=True)
    with failing(every_other_time()) as failed:
        prepare(sounds_elsewhere, out, workers=0, part="1/2")
        prepare(sounds_elsewhere, out, merge=True)
    assert failed and files(out) == whole


def test_the_steps_of_beam_make_the_same_dataset(sounds_elsewhere, whole, with_runner):
    out = new_place()
    # One after another: two writers of one file mix their bytes on ram://, which no object store lets them do.
    with_runner(lambda names, work, flags: run_steps(names, work, threads=1))
    with failing(every_other_time()) as failed:
        prepare(sounds_elsewhere, out, runner="beam")
    assert failed and files(out) == whole


def test_a_source_that_is_gone_costs_itself_alone(sounds, with_runner, monkeypatch):
    source, out = new_place(), new_place()
    upload_tree(sounds, source)
    read_tasks = beam_steps.read_tasks

    def removing(names, work, flags):
        (source / "03.wav").unlink()
        assert sum(1 for name in names for _ in read_tasks(name, work)) == 21
        run_steps(names, work)

    with_runner(removing)
    quarantined = prepare(source, out, runner="beam").info["quarantined"]
    assert [entry["source"] for entry in quarantined] == ["03.wav", "broken.wav"]
    assert quarantined[0]["reason"].startswith("cannot be read (")
