"""What a demo has done so far, kept in its directory, so that no finished step is done again."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError
from brave_tf.files import is_partial, write_json
from brave_tf.progress import phase

FILE = "demo.json"


class Steps:
    """Steps of one demo, each done once; their results and seconds outlive an interruption.

    Args:
        out: the demo's directory; absent, empty, or of a demo with the same settings.
        settings: what the demo depends on.

    Raises:
        UserError: the directory holds something else, or a demo with other settings.
    """

    def __init__(self, out: Path, settings: dict[str, Any]):
        self._file = out / FILE
        self._content: dict[str, Any] = {"settings": settings, "seconds": {}, "results": {}}
        if self._file.is_file():
            content = json.loads(self._file.read_text(encoding="utf-8"))
            before = content["settings"]
            if before != settings:
                raise UserError(f"{out} holds a demo with {before}; received {settings}; choose another --out")
            self._content = content
        elif out.exists() and not (out.is_dir() and all(map(is_partial, out.iterdir()))):
            raise UserError(f"{out} holds something that is not a demo; choose another --out")
        out.mkdir(parents=True, exist_ok=True)
        self._save()

    @property
    def seconds(self) -> dict[str, float]:
        """How long each step took, over all attempts."""
        return {name: round(seconds, 1) for name, seconds in self._content["seconds"].items()}

    def do(self, name: str, step: Callable[[], Any]) -> Any:
        """The result of a step, which is done unless it was finished before; it goes through JSON."""
        if name in self._content["results"]:
            return self._content["results"][name]
        started = time.monotonic()
        try:
            with phase(name):
                result = step()
            self._content["results"][name] = result
        finally:
            spent = self._content["seconds"].get(name, 0.0) + time.monotonic() - started
            self._content["seconds"][name] = spent
            self._save()
        return result

    def _save(self) -> None:
        write_json(self._file, self._content)
