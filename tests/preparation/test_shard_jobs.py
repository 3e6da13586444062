"""What is prepared in which order, and what is left when it fails."""

import pytest

from brave_tf.commands import prepare
from brave_tf.errors import UserError
from brave_tf.preparation import source_writer
from tests.preparation.media_files import write_media


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    # Two shards; the largest file is neither the first nor in the first shard.
    for number in range(18):
        write_media(folder / f"{number:02}.mp4", seconds=0.2 if number != 9 else 4.0, sound_hz=None, size=(32, 32))
    return folder


def test_the_largest_source_comes_first_and_one_shard_after_the_other(videos, tmp_path, monkeypatch):
    order, write_source = [], source_writer.write_source

    def recording(job, course):
        order.append((job.shard.name, job.number, len(list((tmp_path / "out" / ".prepare").glob("*.piece")))))
        return write_source(job, course)

    monkeypatch.setattr(source_writer, "write_source", recording)
    prepare(videos, tmp_path / "out", split="train=1", workers=0)
    shards, numbers, pieces = zip(*order, strict=True)
    assert numbers[0] == 9 and sorted(numbers) == list(range(18))
    assert shards == tuple(sorted(shards, reverse=True)) and len(set(shards)) == 2
    # The pieces of a shard become the shard as soon as they are complete.
    assert pieces == (*range(9), *range(9))


def test_a_full_disk_leaves_nothing_behind(videos, tmp_path, monkeypatch):
    frame = source_writer.frame
    calls = []

    def full(payload):
        calls.append(1)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        return frame(payload)

    monkeypatch.setattr(source_writer, "frame", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\); free some space"):
        prepare(videos, tmp_path / "out", split="train=1", workers=0)
    left = {file.name for file in (tmp_path / "out" / ".prepare").iterdir()}
    assert left == {"lock", "plan.json"}


def test_the_pieces_of_a_file_share_its_size(videos, tmp_path):
    listing = videos / "list.csv"
    listing.write_text("path,start,end\n09.mp4,0,1\n09.mp4,1,2\n00.mp4,,\n")
    from brave_tf.preparation.layouts.csv_list import list_csv
    from brave_tf.preparation.plan import make_plan
    from brave_tf.preparation.splits import assign_splits

    sources, _ = assign_splits(list_csv(listing, "path").sources, {"train": 1.0}, 0)
    listing.unlink()
    sizes = make_plan(sources, {}).sizes
    whole = (videos / "09.mp4").stat().st_size
    assert sorted(sizes) == sorted([whole // 2, whole // 2, (videos / "00.mp4").stat().st_size])


def test_workers_are_where_the_command_is(tmp_path, monkeypatch):
    for name in ("first", "second"):
        write_media(tmp_path / name / "videos" / "a.mp4", seconds=0.4, size=(16, 16))
        monkeypatch.chdir(tmp_path / name)
        assert prepare("videos", "out", workers=1, split="train=1").clips().num_rows == 1
        assert (tmp_path / name / "out" / "dataset.json").is_file()
