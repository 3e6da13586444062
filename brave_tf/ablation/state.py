"""What an ablation has done so far, kept in its directory, so that no finished run is done again."""

from pathlib import Path
from typing import Any

from brave_tf.config.values import differences, first_of
from brave_tf.errors import UserError
from brave_tf.files import is_partial, write_json
from brave_tf.runs.json_files import read_object

FILE = "ablation.json"


class State:
    """Results of runs by row and seed; they outlive an interruption.

    Args:
        out: the ablation's directory; absent, empty, or of an ablation with the same settings.
        settings: what the results depend on; `rows` in it may grow.

    Raises:
        UserError: the directory holds something else, or an ablation with other settings; or the file is damaged.
    """

    def __init__(self, out: Path, settings: dict[str, Any]):
        self._file = out / FILE
        self.results: dict[str, dict[str, dict[str, Any]]] = {}
        if self._file.is_file():
            content = read_object(self._file)
            before = content.get("settings")
            if not isinstance(before, dict) or not isinstance(content.get("results"), dict):
                raise UserError(f"{self._file} is no ablation's; choose another --out")
            _check_same(out, before, settings)
            settings = {**settings, "rows": {**before.get("rows", {}), **settings["rows"]}}
            self.results = content["results"]
        elif out.exists() and not (out.is_dir() and all(map(is_partial, out.iterdir()))):
            raise UserError(f"{out} holds something that is not an ablation; choose another --out")
        self._settings = settings
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{out} cannot be written ({error.strerror}); choose another --out") from error
        self.save({})

    def result(self, row: str, seed: int) -> dict[str, Any] | None:
        """What came of a run; None if it has not finished."""
        return self.results.get(row, {}).get(str(seed))

    def add(self, row: str, seed: int, result: dict[str, Any]) -> None:
        """Keeps what came of a run, until `save`."""
        self.results.setdefault(row, {})[str(seed)] = result

    def save(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Writes the file; returns its content: the summary, and besides `settings` and `results`."""
        content = {**summary, "settings": self._settings, "results": self.results}
        write_json(self._file, content)
        return content


def _check_same(out: Path, before: dict[str, Any], settings: dict[str, Any]) -> None:
    both = before.get("rows", {}).keys() & settings["rows"].keys()
    old, new = ({**each, "rows": {name: each["rows"][name] for name in sorted(both)}} for each in (before, settings))
    changed = differences(old, new)
    if changed:
        raise UserError(
            f"{out} holds an ablation with other settings ({first_of(changed)}); give the same ones, or choose another "
            "--out"
        )
