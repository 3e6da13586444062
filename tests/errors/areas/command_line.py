"""What is said of a command line as a whole: of commands, options and their values, and by `brave-tf doctor`."""

from tests.errors.entry import Area, Entry
from tests.errors.world import World

PARSING = "brave_tf/cli/parsing.py"
OF_THE_COMMAND = "{problem}"
OF_ITS_WORDS = "_problem(words, functions)"


def _unwell(world: World) -> None:
    from brave_tf import commands
    from brave_tf.cli.doctor import doctor
    from brave_tf.doctor.check import problem
    from brave_tf.doctor.diagnosis import Diagnosis

    found = (problem("tensorflow", "TensorFlow", "does not load", "install it again"),)
    world.patch.setattr(commands, "doctor", lambda: Diagnosis(found))
    doctor()


COMMON = (
    Entry(
        PARSING,
        OF_THE_COMMAND,
        "prepre videos --out dataset",
        "There is no command of that name.",
        "`brave-tf --help` tells what each command does.",
        says="received the command prepre; did you mean prepare",
        title="A command is mistyped",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "pretrain tiny-va --dta dataset --run runs/first",
        "The command has no such option. Options differ from command to command.",
        "`brave-tf COMMAND --help` lists the options of a command, with an example.",
        says="received --dta; did you mean --data",
        title="An option is mistyped",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "pretrain tiny-va --data dataset",
        "The command cannot do without that option. The message shows what it needs at least.",
        says="received no --run",
        title="An option is missing",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "prepare my videos --out dataset",
        "There is one word more than the command takes. Most often the name of a file or folder has a space in it, so "
        "that the shell took it for two.",
        'Put the name in quotes: `brave-tf prepare "my videos" --out dataset`.',
        says="received videos, which has no place",
        title="A name with spaces",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "prepare videos --out dataset --layout ucf100",
        "The option takes one of a few words, and this is none of them.",
        says="--layout ucf100; did you mean ucf101",
        title="The value of an option is mistyped",
    ),
    Entry(
        "brave_tf/cli/doctor.py",
        "mend what is printed as a problem",
        _unwell,
        "`brave-tf doctor` found something without which `brave-tf` cannot work. The lines above the message tell what "
        "it is and what to do, and begin with `PROBLEM`.",
        title="The doctor found a problem",
    ),
)

OTHERS = (
    Entry(
        PARSING,
        OF_THE_COMMAND,
        "",
        "`brave-tf` was typed alone.",
        says="received no command",
    ),
    Entry(
        PARSING,
        OF_THE_COMMAND,
        "--data dataset pretrain tiny-va",
        "The command comes first. Only `--json`, `--quiet` and `--verbose` may stand before it.",
        says="received --data; expected a command first",
    ),
    Entry(
        PARSING,
        OF_THE_COMMAND,
        "--version presets",
        "`--version` is a command line of its own.",
        says="received --version with presets",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "prepare videos --out dataset --workers many",
        "The option takes a number.",
        says="received --workers many",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "pretrain tiny-va --data --run runs/first",
        "The value of the option is missing.",
        says="received --data with nothing after it",
    ),
    Entry(
        PARSING,
        OF_ITS_WORDS,
        "prepare videos --out dataset --flow=yes",
        "The option takes no value: it is there, or it is not.",
        says="received --flow=yes",
    ),
    Entry(
        PARSING,
        "received --quiet and --verbose",
        "presets --quiet --verbose",
        "The two options contradict one another.",
    ),
)

AREA = Area(
    "The command line",
    "What is said before a command begins, of commands, options and their values; and by `brave-tf doctor`.",
    COMMON,
    OTHERS,
)
