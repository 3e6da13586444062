"""What is said of a command line that does not parse, and what `brave-tf doctor` says at its end."""

from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

PARSING = "brave_tf/cli/parsing.py"
WRONG_ARGUMENT = "{_problem(words, functions) or flattened(said.getvalue())}"
PRETRAIN = "pretrain tiny-va --data dataset --run runs/first"


def _ill(world: World) -> None:
    from brave_tf.cli import doctor

    check = SimpleNamespace(name="disk", group="This machine", status="problem", found="full", seconds=None, fix="")
    diagnosis = SimpleNamespace(is_well=False, problems=[check], checks=[])
    world.patch.setattr(doctor.commands, "doctor", lambda: diagnosis)
    doctor.doctor()


COMMON = (
    Entry(
        PARSING,
        "{problem}",
        "preppare my-videos --out dataset",
        "There is no such command. The message names the nearest one, where one is near.",
        "`brave-tf --help` lists all commands.",
        title="A command is mistyped",
        says="received the command preppare",
    ),
    Entry(
        PARSING,
        WRONG_ARGUMENT,
        f"{PRETRAIN} --sed 3",
        "The command has no such option.",
        "`brave-tf COMMAND --help` shows all options of a command, with an example.",
        title="An option is mistyped",
        says="received --sed",
    ),
    Entry(
        PARSING,
        WRONG_ARGUMENT,
        "export",
        "Something is missing that the command cannot do without.",
        title="An argument is missing",
        says="received no ENCODER",
    ),
    Entry(
        PARSING,
        WRONG_ARGUMENT,
        f"{PRETRAIN} --seed abc",
        "The value of an option is of another kind.",
        title="A value is of another kind",
        says="received --seed abc",
    ),
    Entry(
        PARSING,
        WRONG_ARGUMENT,
        "prepare my videos --out dataset",
        "There is a word too many. A name with spaces in it has to stand in quotes, or the shell makes several "
        "words of it.",
        "`brave-tf prepare 'my videos' --out dataset`",
        title="There is a word too many",
        says="which has no place",
    ),
)

OTHERS = (
    Entry(PARSING, "{problem}", "", "`brave-tf --help` lists the commands.", says="received no command"),
    Entry(
        PARSING,
        WRONG_ARGUMENT,
        f"{PRETRAIN} --steps",
        "The value of an option is missing.",
        says="with nothing after it",
    ),
    Entry(
        PARSING,
        WRONG_ARGUMENT,
        "evaluate runs/first --data dataset --out report --protocol linaer",
        "The option takes one of a few words.",
        says="received --protocol linaer",
    ),
    Entry(
        PARSING,
        "received --quiet and --verbose",
        "presets --quiet --verbose",
        "The two contradict one another.",
    ),
    Entry(
        "brave_tf/cli/doctor.py",
        "mend what is printed as a problem",
        _ill,
        "`brave-tf doctor` found something that stops work; each problem is printed above with what to do.",
    ),
)

AREA = Area(
    "The command line",
    "What is said of a command line that cannot be understood. The exit status is 2.",
    COMMON,
    OTHERS,
)
