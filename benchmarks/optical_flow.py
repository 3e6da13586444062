"""Processor time of optical flow and its size on disk: `python benchmarks/optical_flow.py MEDIA...`."""

import platform
import sys
import time
from pathlib import Path

from brave_tf.data.flow_code import FlowSettings
from brave_tf.preparation.media import MediaSettings, read_clips
from brave_tf.preparation.tv_l1 import flow_pictures

PAIRS = 12
SIDES = (128, 256)
STRIDES = (4, 1)
FPS = 25


def main() -> None:
    print(f"{platform.machine()}, one core")
    print("media                    flow size  s/pair  CPU h per h of video at stride 4, 1  flow kB, JPEG kB each")
    for path in sys.argv[1:]:
        clip = next(read_clips(Path(path), MediaSettings(audio_rate_hz=None)))
        frames = clip.frames[: PAIRS + 1]
        for side in SIDES:
            flow_pictures(frames[:2], FlowSettings(side, 1))
            started = time.process_time()
            pictures = flow_pictures(frames, FlowSettings(side, 1))
            seconds = (time.process_time() - started) / len(pictures)
            hours = "  ".join(f"{seconds * FPS / stride:14.1f}" for stride in STRIDES)
            kilobytes = [sum(map(len, each)) / len(each) / 1000 for each in (pictures, frames)]
            size = f"{clip.width}x{clip.height}"
            print(f"{size:24} {side:9}  {seconds:6.2f}  {hours}      {kilobytes[0]:8.1f} {kilobytes[1]:8.1f}")


if __name__ == "__main__":
    main()
