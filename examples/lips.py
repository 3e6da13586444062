"""Learns to read lips from sound alone: `python examples/lips.py VIDEOS --out OUT`.

VIDEOS is a folder of one talker of the GRID corpus as it comes (https://zenodo.org/records/3625687, CC BY 4.0). OUT
gets lips.png and lips.json. The same command again goes on where it stopped. docs/lips.md tells what happens here.
"""

import argparse
import csv
import json
from pathlib import Path

import av
import numpy as np
from matplotlib.figure import Figure

import brave_tf
from brave_tf import presets
from brave_tf.errors import UserError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = {  # A GRID sentence is six words, and a letter of the file's name stands for each: swiu2n.mpg.
    "command": {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    "colour": {"b": "blue", "g": "green", "r": "red", "w": "white"},
    "preposition": {"a": "at", "b": "by", "i": "in", "w": "with"},
    "letter": {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},  # all but w
    "digit": dict(zip("z123456789", DIGITS, strict=True)),
    "adverb": {"a": "again", "n": "now", "p": "please", "s": "soon"},
}
VIDEO_SUFFIXES = (".mpg", ".mp4", ".avi", ".mov", ".mkv")
WIDTH, HEIGHT = 180, 144  # GRID's pictures at half their size: enough to find a mouth in
BOX = 28  # pixels of the mouth's box in these
CROP = 48  # pixels of a crop
REACH = 16  # pixels that a head moves from clip to clip, at most
LOUD = 0.1  # of the way from the quiet to the loudest moment; what is below is a pause
LEAD = 0.2  # seconds that lips move before the sound and after it
FRACTIONS = (0.05, 0.1, 0.25, 0.5, 1)
TOWERS = {
    "narrow": ("silent video", "baseline:pixels,baseline:frame-differences"),
    "audio": ("sound", "baseline:log-mel"),
}


# 1. What was said.


def spoken_words(video: Path, alignments: dict[str, Path]) -> list[str]:
    """The six words of a sentence, from the corpus' alignment of it where there is one, else from the file's name."""
    if video.stem in alignments:
        rows = [line.split() for line in alignments[video.stem].read_text().splitlines()]
        words = [row[2] for row in rows if row and row[2] not in ("sil", "sp")]
    else:
        words = [meaning.get(code, "") for code, meaning in zip(video.stem, [*WORDS.values(), {}], strict=False)]
    if len(words) != 6 or any(word not in known.values() for word, known in zip(words, WORDS.values(), strict=True)):
        raise ValueError("its name does not code six words of GRID, as swiu2n does")
    return words


# 2. Where the mouth is. No detector: it is what moves while there is sound.


def loudness(video: Path, frames: int) -> np.ndarray:
    """[T] root mean square of the sound during each frame."""
    mono = av.AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(str(video)) as media:
        pieces = [piece for frame in media.decode(audio=0) for piece in mono.resample(frame)]
    samples = np.concatenate([piece.to_ndarray()[0] for piece in pieces])
    samples = np.pad(samples, (0, max(frames * 640 - len(samples), 0)))[: frames * 640]
    return np.sqrt(np.mean(samples.reshape(frames, 640) ** 2, axis=1))


def survey(video: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean picture of a clip [H, W], how motion at each place goes with loudness [H, W], and loudness [T]."""
    with av.open(str(video)) as media:
        if not media.streams.video or not media.streams.audio:
            raise ValueError("it has no picture or no sound")
        small = (frame.reformat(WIDTH, HEIGHT, "gray") for frame in media.decode(video=0))
        pictures = np.stack([frame.to_ndarray() for frame in small]).astype(np.float32)
    loud = loudness(video, len(pictures))
    motion = np.abs(np.diff(pictures, axis=0))
    together = np.tensordot(loud[1:] - loud[1:].mean(), motion - motion.mean(axis=0), axes=1) / len(motion)
    return pictures.mean(axis=0), together, loud


def windows_of(picture: np.ndarray) -> np.ndarray:
    """All boxes of a picture [H, W]: [Y, X, BOX, BOX]."""
    return np.lib.stride_tricks.sliding_window_view(picture, (BOX, BOX))


def find_mouths(means: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Top and left of the mouth's box in each clip [N, 2], of mean pictures and of maps of motion with loudness.

    The box of all clips is where most moves with the sound, in its middle above all. The mean of what it holds is a
    template, which is looked for around it in each clip; the mean of what was found is a sharper one, and so on.
    """
    middle = np.hanning(BOX + 2)[1:-1]
    per_box = np.einsum("yxij,i,j->yx", windows_of(together.mean(axis=0)), middle, middle)
    centre = np.array(np.unravel_index(per_box.argmax(), per_box.shape))
    low = np.maximum(centre - REACH, 0)
    places = np.tile(centre, (len(means), 1))
    for _ in range(4):
        template = np.mean([windows_of(mean)[tuple(place)] for mean, place in zip(means, places, strict=True)], axis=0)
        template -= template.mean()
        for number, mean in enumerate(means):
            near = windows_of(mean)[low[0] : centre[0] + REACH + 1, low[1] : centre[1] + REACH + 1]
            likeness = np.einsum("yxij,ij->yx", near, template) / (near.std(axis=(2, 3)) + 1e-3)
            places[number] = low + np.unravel_index(likeness.argmax(), likeness.shape)
    return places


def speech_seconds(loud: list[np.ndarray]) -> tuple[float, float]:
    """From when to when the talker speaks: the same stretch of all clips, where they are loud on the average."""
    frames = min(map(len, loud))
    mean = np.mean([each[:frames] for each in loud], axis=0)
    quiet = np.quantile(mean, 0.1)
    heard = np.flatnonzero(mean > quiet + LOUD * (mean.max() - quiet)) / 25
    return max(heard[0] - LEAD, 0), min(heard[-1] + 1 / 25 + LEAD, frames / 25)


def write_crop(video: Path, place: np.ndarray, path: Path) -> None:
    """Writes the mouth of a clip, CROP x CROP pixels, with the sound as it is."""
    part = path.with_name(f"part-{path.name}")
    with av.open(str(video)) as media, av.open(str(part), "w") as out:
        picture, sound = media.streams.video[0], media.streams.audio[0]
        crops = out.add_stream("libx264", rate=25, options={"crf": "16"})
        crops.width, crops.height, crops.pix_fmt = CROP, CROP, "yuv420p"
        crops.codec_context.time_base = picture.time_base  # else pictures go to whole multiples of 1/25 s
        copied = out.add_stream_from_template(sound)
        scale = np.array([picture.height / HEIGHT, picture.width / WIDTH])
        (top, left), (height, width) = (place * scale).astype(int), (BOX * scale).astype(int)
        for packet in media.demux(picture, sound):
            if packet.stream is sound and packet.dts is not None:
                packet.stream = copied
                out.mux(packet)
            elif packet.stream is picture:
                for frame in packet.decode():
                    mouth = frame.to_ndarray(format="rgb24")[top : top + height, left : left + width]
                    crop = av.VideoFrame.from_ndarray(np.ascontiguousarray(mouth), format="rgb24")
                    crop = crop.reformat(CROP, CROP, "yuv420p")
                    crop.pts, crop.time_base = frame.pts, frame.time_base
                    out.mux(crops.encode(crop))
        out.mux(crops.encode(None))
    part.replace(path)


def crop_mouths(videos: Path, out: Path) -> Path:
    """Writes the mouths of all clips of a folder, and a list of them for `brave_tf.prepare`, whose path it returns."""
    listed = out / "labels.csv"
    if listed.exists():
        return listed
    out.mkdir(parents=True, exist_ok=True)
    alignments = {path.stem: path for path in videos.rglob("*.align")}
    clips, unusable = [], []
    for video in sorted(path for path in videos.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES):
        if len(clips) % 100 == 99:
            print(f"looked at {len(clips) + 1} clips", flush=True)
        try:
            clips.append((video, spoken_words(video, alignments), *survey(video)))
        except (ValueError, IndexError, av.FFmpegError) as error:
            unusable.append(f"{video}: {error}")
    print(f"{len(clips)} clips to find the mouth in; {len(unusable)} left out", *unusable, sep="\n  ", flush=True)
    if not clips:
        raise SystemExit(f"received {videos}; expected a folder of GRID's videos, such as swiu2n.mpg")
    files, words, means, together, loud = zip(*clips, strict=True)
    start, end = speech_seconds(list(loud))
    rows = [["path", "start", "end", *WORDS]]
    for video, place, said in zip(files, find_mouths(np.stack(means), np.stack(together)), words, strict=True):
        path = out / f"{video.stem}.mkv"
        if not path.exists():
            write_crop(video, place, path)
        rows.append([path.name, f"{start:.2f}", f"{end:.2f}", *said])
    part = out / "part.csv"
    with open(part, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return part.replace(listed)


# 3. Training without a label, and what the frozen networks then know.


def evaluate(run: Path, tower: str, word: str, seed: int, arguments: argparse.Namespace) -> dict:
    """The accuracy on one of the words: a linear readout of three thirds of the speech, 5 folds over all clips."""
    out = arguments.out / f"seed-{seed}" / f"{tower}-{word}"
    how = {
        "protocol": "ridge",
        "view": {"windows": "12,thirds"},
        "tower": tower,
        "label": word,
        "folds": 5,
        "seed": seed,
        "label_fractions": FRACTIONS,
        # Baselines have no weights, and are the same for every seed but for the draws of labels.
        "beside": TOWERS[tower][1] if seed == 0 else (),
    }
    asked = json.dumps({"steps": arguments.steps, **how})
    if (out / "asked.json").exists() and (out / "asked.json").read_text() == asked:
        return json.loads((out / "report.json").read_text())
    report = brave_tf.evaluate(run, arguments.out / "dataset", out, cache=arguments.out / "features", **how)
    (out / "asked.json").write_text(asked)
    return report


def numbers(reports: list[dict]) -> list[dict]:
    """One record for each part of the labels: the scores of all encoders, as means over the seeds with intervals."""
    records = []
    for same in zip(*(report["label_fractions"] for report in reports), strict=True):
        of = {"trained": [(one["mean"], one["interval"]) for one in same]}
        of["random initialisation"] = [(one["random_init"], one["random_init_interval"]) for one in same]
        for name, scored in same[0]["beside"].items():
            of[name] = [(scored["mean"], scored["interval"])]
        scores = {name: score(values) for name, values in of.items()}
        records.append({"fraction": same[0]["fraction"], "labels": same[0]["labels"], "scores": scores})
    return records


def score(of_seeds: list[tuple[float, list[float]]]) -> dict:
    """A mean over seeds. Its interval is that over clips, the mean of the seeds', and holds every seed at least."""
    means = [mean for mean, _ in of_seeds]
    low, high = np.mean([interval for _, interval in of_seeds], axis=0)
    return {"mean": np.mean(means), "interval": [min(low, *means), max(high, *means)], "seeds": means}


def draw(found: dict[str, dict[str, list[dict]]], path: Path) -> None:
    """One row of charts for each tower, one column for each word."""
    columns = len(found["narrow"])
    figure = Figure(figsize=(3 * columns, 6.5))
    rows = figure.subplots(len(TOWERS), columns, sharex=True, squeeze=False)
    for (tower, words), row in zip(found.items(), rows, strict=True):
        for (word, records), axes in zip(words.items(), row, strict=True):
            labels = [record["labels"] for record in records]
            for name in records[0]["scores"]:
                scores = [record["scores"][name] for record in records]
                mean = 100 * np.array([each["mean"] for each in scores])
                low, high = 100 * np.array([each["interval"] for each in scores]).T
                axes.errorbar(labels, mean, [mean - low, high - mean], label=name, capsize=2, marker="o", markersize=3)
            axes.axhline(100 / len(WORDS[word]), color="grey", linestyle=":", label="chance")
            axes.set_xscale("log")
            axes.set_xticks(labels, [f"{label:.0f}" for label in labels])
            axes.minorticks_off()
            axes.set(ylim=(0, 100), title=word, xlabel="labelled clips")
        row[0].set_ylabel(f"told from {TOWERS[tower][0]}, %")
        row[-1].legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    figure.tight_layout()
    figure.savefig(path, dpi=110, bbox_inches="tight")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, help="folder of one talker's videos")
    parser.add_argument("--out", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--seeds", type=int, default=3, help="networks that are trained")
    parser.add_argument("--crops", action="store_true", help="VIDEOS are crops of mouths already, with a labels.csv")
    parser.add_argument("--words", nargs="+", default=[*WORDS], choices=[*WORDS], help="words to recognise; all six")
    parser.add_argument("--steps", type=int, default=presets.get("tiny-lips").steps, help="steps of each training")
    parser.add_argument("--set", nargs="*", default=[], help="settings of the preset, as of brave-tf pretrain")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    listed = (
        arguments.videos / "labels.csv" if arguments.crops else crop_mouths(arguments.videos, arguments.out / "crops")
    )
    dataset = brave_tf.prepare(listed, arguments.out / "dataset", shorter_side=CROP)
    missing = [word for word in arguments.words if word not in dataset.labels]
    if missing:
        raise UserError(f"{listed} has no column {', '.join(missing)}; expected one for each word, or other --words")
    reports = {(tower, word): [] for tower in TOWERS for word in arguments.words}
    for seed in range(arguments.seeds):
        run = arguments.out / f"seed-{seed}" / "run"
        settings = ["monitor.probe_label=colour", *arguments.set]
        brave_tf.pretrain("tiny-lips", arguments.out / "dataset", run, steps=arguments.steps, seed=seed, set=settings)
        for tower, word in reports:
            reports[tower, word].append(evaluate(run, tower, word, seed, arguments))
    found = {tower: {word: numbers(reports[tower, word]) for word in arguments.words} for tower in TOWERS}
    (arguments.out / "lips.json").write_text(json.dumps(found, indent=2))
    draw(found, arguments.out / "lips.png")
    for tower, words in found.items():
        for word, records in words.items():
            scores = records[-1]["scores"].items()
            print(
                f"{word} from {TOWERS[tower][0]}:", *(f"{name} {each['mean']:.0%}" for name, each in scores), sep="  "
            )


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(f"error: {error}") from None
