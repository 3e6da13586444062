"""What docs/embedding.md prints does what it says."""

import re
from pathlib import Path

from tests.embedding.encoders import video_encoder
from tests.preparation.media_files import write_media

TEXT = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.+?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_the_recipe_learns_from_the_table(tmp_path, monkeypatch):
    for number in range(4):
        write_media(
            tmp_path / "my-videos" / ("dark", "noise")[number % 2] / f"{number}.mp4",
            seconds=0.5,
            noise_seed=number if number % 2 else None,
        )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brave_tf.embedding.embed.load_encoder", lambda *_: video_encoder())
    (recipe,) = [each for each in SNIPPETS if "sklearn" in each]
    names: dict[str, object] = {}
    exec(recipe, names)
    assert names["labels"] == ["dark", "dark", "noise", "noise"] and names["embeddings"].shape == (4, 6)
    assert list(names["classifier"].predict(names["embeddings"])) == names["labels"]
    (reading,) = [each for each in SNIPPETS if each is not recipe]
    Path("videos.parquet").rename("embeddings.parquet")
    exec(reading, names)
    assert names["table"].num_rows == 4


def test_every_option_is_described():
    for option in ("--window", "--stride", "--pool video", "--dense", "--tower", "--data", "--workers"):
        assert f"{option}" in TEXT, option
