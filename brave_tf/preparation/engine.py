"""Who writes the shards: this command, one of several commands, or Apache Beam."""

import dataclasses
from collections.abc import Sequence

from brave_tf.config.words import RunnerName
from brave_tf.errors import UsageError
from brave_tf.preparation.parts import Part, parse_part


@dataclasses.dataclass(frozen=True)
class Engine:
    """Who writes the shards of a preparation, and whether the dataset is finished then.

    Attributes:
        workers: processes of this command; None for one per CPU core.
        part: the part that this command writes; None for all.
        merge: whether all shards are there already, and only the rest is to be written.
        runner: what runs the work.
        beam_options: Beam's own options, `name=value` each.
    """

    workers: int | None = None
    part: Part | None = None
    merge: bool = False
    runner: RunnerName = "local"
    beam_options: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        workers: int | None,
        part: str | None,
        merge: bool,
        runner: RunnerName,
        beam_options: Sequence[str],
    ) -> "Engine":
        """Takes the arguments of `brave_tf.commands.prepare`.

        Raises:
            UsageError: they do not go together.
        """
        engine = cls(workers, None if part is None else parse_part(part), merge, runner, tuple(beam_options))
        if merge and part is not None:
            raise UsageError("received --part and --merge; expected --part until all parts are done, then --merge")
        if runner != "beam":
            if beam_options:
                raise UsageError("received --beam-options without --runner beam; add it, or leave them out")
            return engine
        for option, is_given in {
            "--part": part is not None,
            "--merge": merge,
            "--workers": workers is not None,
        }.items():
            if is_given:
                raise UsageError(
                    f"received {option} with --runner beam; leave it out: Beam divides the work and finishes the "
                    "dataset by itself, and --beam-options says with how many workers"
                )
        return engine
