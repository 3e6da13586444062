"""Time of `brave-tf prepare` beside FFmpeg alone doing the same: `python benchmarks/prepare.py --workers 1 2`.

Writes media of its own: H.264 of 640x360 at 30 fps with stereo sound, 2 to 8 s long. The peer makes of each file what a
record holds, JPEGs of 25 fps with a shorter side of 256 and mono sound of 16 kHz: the program `ffmpeg` (on PATH, or
`--ffmpeg`), once for each file, else a plain PyAV loop; as many at a time as there are workers. `--against` takes
the Python of another checkout. All of them run in turn; start-up counts.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HEIGHT, WIDTH, FPS, SOUND_HZ = 360, 640, 30, 44_100
SHORTER_SIDE, AUDIO_RATE_HZ = 256, 16_000
PICTURES = f"fps=25,scale=-2:{SHORTER_SIDE}:flags=bilinear"


def write_media(path: Path, seed: int) -> None:
    """A texture that drifts, and a tone: a pure function of the seed."""
    generator = np.random.default_rng(seed)
    seconds, (across, down) = generator.uniform(2, 8), generator.integers(1, 5, 2)
    coarse = generator.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    texture = av.VideoFrame.from_ndarray(coarse, "rgb24").reformat(2 * WIDTH, 2 * HEIGHT, interpolation="BICUBIC")
    pixels = texture.to_ndarray()
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        track = container.add_stream("aac", rate=SOUND_HZ, layout="stereo")
        for number in range(round(seconds * FPS)):
            x, y = number * across % WIDTH, number * down % HEIGHT
            view = np.ascontiguousarray(pixels[y : y + HEIGHT, x : x + WIDTH])
            container.mux(picture.encode(av.VideoFrame.from_ndarray(view, "rgb24")))
        container.mux(picture.encode(None))
        times = np.arange(round(seconds * SOUND_HZ)) / SOUND_HZ
        wave = 0.3 * np.sin(2 * np.pi * (220 + seed) * times) + generator.normal(0, 0.05, times.size)
        sound = av.AudioFrame.from_ndarray(np.stack([wave, wave]).astype(np.float32), "fltp", "stereo")
        sound.sample_rate, sound.pts, sound.time_base = SOUND_HZ, 0, Fraction(1, SOUND_HZ)
        fifo = av.AudioFifo()
        fifo.write(sound)
        while (piece := fifo.read(1024, partial=True)) is not None:
            container.mux(track.encode(piece))
        container.mux(track.encode(None))


def run_ffmpeg(program: str, file: Path, out: Path) -> None:
    """Once for a file, with as many threads as FFmpeg likes."""
    out.mkdir()
    pictures = ["-map", "0:v", "-vf", PICTURES, "-q:v", "2", str(out / "%05d.jpg")]
    sound = ["-map", "0:a", "-ac", "1", "-ar", str(AUDIO_RATE_HZ), "-f", "f32le", str(out / "sound.pcm")]
    subprocess.run([program, "-v", "error", "-nostdin", "-i", str(file), *pictures, *sound], check=True)


def run_loop(files: Sequence[str], out: Path) -> None:
    """The plain PyAV loop: pictures and sound of each file into one file."""
    out.mkdir(parents=True)
    for number, file in enumerate(files):
        with av.open(file) as container, open(out / str(number), "wb") as stream:
            resampler = av.AudioResampler("flt", "mono", AUDIO_RATE_HZ)
            graph = codec = None
            for frame in container.decode(video=0, audio=0):
                if isinstance(frame, av.AudioFrame):
                    stream.writelines(bytes(each.planes[0]) for each in resampler.resample(frame))
                    continue
                if graph is None:
                    graph, codec = make_graph(frame), None
                graph.push(frame)
                while (picture := pulled(graph)) is not None:
                    codec = codec or make_codec(picture)
                    stream.writelines(bytes(packet) for packet in codec.encode(picture))


def make_graph(frame: av.VideoFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    size = {"width": frame.width, "height": frame.height, "format": frame.format.name, "time_base": frame.time_base}
    filters = [part.split("=", 1) for part in f"{PICTURES}:out_range=full,format=yuvj420p".split(",")]
    nodes = [graph.add_buffer(**size), *(graph.add(*each) for each in filters), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    return graph


def pulled(graph: av.filter.Graph) -> av.VideoFrame | None:
    try:
        frame = graph.pull()
    except (av.error.BlockingIOError, av.error.EOFError):
        return None
    frame.pict_type = 0
    return frame


def make_codec(frame: av.VideoFrame) -> av.VideoCodecContext:
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = frame.width, frame.height, "yuvj420p", Fraction(1, 25)
    codec.options = {"qmin": "2", "qmax": "2"}
    return codec


def timed(work: Callable[[Path], None]) -> float:
    """Seconds that something takes."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        work(Path(folder) / "out")
        return time.perf_counter() - began


def preparing(program: str, media: Path, workers: int) -> Callable[[Path], None]:
    def work(out: Path) -> None:
        command = [program, "prepare", str(media), "--out", str(out), "--workers", str(workers)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return work


def peer(program: str | None, files: Sequence[Path], workers: int) -> Callable[[Path], None]:
    def work(out: Path) -> None:
        out.mkdir()
        with ThreadPoolExecutor(workers) as pool:
            if program:
                list(pool.map(lambda file: run_ffmpeg(program, file, out / file.stem), files))
                return
            shares = [list(map(str, files[number::workers])) for number in range(workers)]
            loops = [[sys.executable, __file__, "--loop", str(out / str(n)), *share] for n, share in enumerate(shares)]
            list(pool.map(lambda command: subprocess.run(command, check=True), loops))

    return work


def measure(media: Path, options: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    """For each number of workers and each program: best and median seconds, and its speed as a share of the peer's."""
    files = sorted(media.glob("*.mp4"))
    program = options.ffmpeg or shutil.which("ffmpeg")
    results = {}
    for workers in options.workers:
        cases = {"ffmpeg" if program else "pyav loop": peer(program, files, workers)}
        if options.against:
            cases["other"] = preparing(str(Path(options.against).with_name("brave-tf")), media, workers)
        cases["new"] = preparing(str(Path(sys.executable).with_name("brave-tf")), media, workers)
        # One round warms the disk's cache.
        rounds = [{name: timed(work) for name, work in cases.items()} for _ in range(options.repeats + 1)][1:]
        first = next(iter(cases))
        results[str(workers)] = {
            name: {
                "best": min(each[name] for each in rounds),
                "median": statistics.median(each[name] for each in rounds),
                "of_peer": statistics.median(each[first] / each[name] for each in rounds),
            }
            for name in cases
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=90)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--against", help="Python with another version of the library, to measure in turns with this")
    parser.add_argument("--ffmpeg", help="the ffmpeg to compare with; by default that on PATH")
    parser.add_argument("--media", type=Path, help="a folder to keep the media in")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("--loop", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        return run_loop(options.loop[1:], Path(options.loop[0]))
    with tempfile.TemporaryDirectory() as folder:
        media = options.media or Path(folder)
        media.mkdir(parents=True, exist_ok=True)
        for number in range(options.files):
            if not (media / f"{number:03}.mp4").exists():
                write_media(media / f"{number:03}.mp4", number)
        results = measure(media, options)
    print(f"{options.files} files, {os.cpu_count()} cores, {platform.machine()}, PyAV {av.__version__}")
    print("workers  program     best s  median s  of the peer's speed")
    for workers, row in results.items():
        for name, each in row.items():
            numbers = f"{each['best']:7.1f} {each['median']:9.1f} {each['of_peer']:20.2f}"
            print(f"{workers:>7}  {name:10} {numbers}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
