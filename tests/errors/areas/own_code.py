"""What is said in Python, to who trains networks of their own."""

from collections.abc import Callable
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

METHOD = "brave_tf/method"


def brave(**changes: object) -> Callable[[World], object]:
    """Makes a `Brave` of two small networks."""

    def provoke(world: World) -> object:
        from brave_tf.method.brave import Brave
        from tests.method.own_networks import HEADS, picture_network, sensor_network

        made = {name: value() if callable(value) else value for name, value in changes.items()}
        arguments = {"narrow": picture_network(), "broad": {"imu": sensor_network()}, **HEADS, **made}
        return Brave(arguments.pop("narrow"), arguments.pop("broad"), **arguments)

    return provoke


def _unbuilt() -> object:
    import keras

    return keras.Sequential([keras.layers.Dense(3)], name="mine")


def _unpooled() -> object:
    import keras

    return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(2, 3)], name="mine")


def _two_inputs() -> object:
    import keras

    inputs = [keras.Input((3,)), keras.Input((3,))]
    return keras.Model(inputs, keras.layers.Concatenate()(inputs), name="mine")


def _unsaid(world: World) -> None:
    from brave_tf.method.networks import input_shape

    input_shape(SimpleNamespace(name="mine", get_build_config=lambda: None), "narrow")


def _sensors() -> object:
    from tests.method.own_networks import sensor_network

    return sensor_network()


def batch(change: Callable[[dict], object]) -> Callable[[World], object]:
    """Shows a model a batch that is changed."""

    def provoke(world: World) -> None:
        from brave_tf.method.batches import views_of
        from tests.method.own_networks import arrays, make

        model = make()
        towers = model.towers
        views_of(change(arrays(8)), towers.encoder, towers.broad_encoders)

    return provoke


def _stored_pixels(world: World) -> None:
    import numpy as np

    from tests.method.own_networks import arrays, make

    def scaled(given: dict) -> dict:
        return given

    scaled.gives_floats = True
    model = make(augment=scaled)
    given = arrays(4)
    model({**given, "narrow": np.zeros((4, 6, 6, 3), "uint8")})


def _micro_batches(world: World) -> None:
    from brave_tf.method import micro_batches

    micro_batches.check_divisible(8, 3)


def _not_copied(world: World) -> None:
    from brave_tf.method.networks import fresh_copies

    class Mine:
        name = "mine"

        @classmethod
        def from_config(cls, config: dict) -> "Mine":
            return cls()

        def get_config(self) -> dict:
            raise NotImplementedError("Object Mine was created by passing non-serializable argument values")

    fresh_copies([Mine()])


def _replicas(world: World) -> None:
    import numpy as np

    from brave_tf.method import step_function

    made = object.__new__(step_function.StepFunction)
    made._strategy = SimpleNamespace(experimental_local_results=lambda array: [array[:5], array[5:]])
    made._examples(np.zeros((9, 2)))


def model(call: Callable[[object], object]) -> Callable[[World], object]:
    """Does something with a `Brave`."""

    def provoke(world: World) -> object:
        from tests.method.own_networks import make

        return call(make())

    return provoke


COMMON = (
    Entry(
        f"{METHOD}/networks.py",
        "which is not built",
        brave(narrow=_unbuilt),
        "The network has no weights yet, because nothing says what it will be shown.",
        title="A network is not built",
    ),
    Entry(
        f"{METHOD}/networks.py",
        "expected one vector for each example",
        brave(narrow=_unpooled),
        "A network has to give one embedding for each example, and this one gives a map.",
        title="A network gives maps",
    ),
    Entry(
        f"{METHOD}/batches.py",
        "received a batch that is",
        batch(lambda given: given["narrow"]),
        "The data does not give batches of narrow and broad views.",
        title="A batch is no dictionary of views",
    ),
)

OTHERS = (
    Entry(
        f"{METHOD}/networks.py",
        "expected a keras.Model or a built layer",
        brave(narrow=lambda: len),
        "That is no network.",
    ),
    Entry(
        f"{METHOD}/networks.py",
        "expected one; join them before it",
        brave(narrow=_two_inputs),
        "It has several inputs.",
    ),
    Entry(
        f"{METHOD}/networks.py", "which does not say what it takes", _unsaid, "The layer tells no shape of its input."
    ),
    Entry(
        f"{METHOD}/networks.py",
        "cannot be copied for the moving average",
        _not_copied,
        "A target network is made from the configuration of the network.",
    ),
    Entry(f"{METHOD}/arguments.py", "expected networks by name", brave(broad=dict), "There is no broad network."),
    Entry(
        f"{METHOD}/arguments.py",
        "received a broad network called",
        brave(broad=lambda: {"a/b": _sensors()}),
        "The name cannot be one of a metric.",
    ),
    Entry(f"{METHOD}/arguments.py", "expected one of: ", brave(heads="both"), "There is no such choice."),
    Entry(f"{METHOD}/arguments.py", "expected None, or a share", brave(target_momentum=1.5), "It is out of its range."),
    Entry(
        f"{METHOD}/arguments.py",
        "expected neither: they belong to",
        brave(objective="vicreg", target_momentum=0.9),
        "The arguments contradict one another.",
    ),
    Entry(
        f"{METHOD}/arguments.py",
        "whose terms are statistics of the whole batch",
        brave(objective="vicreg", micro_batches=2),
        "The arguments contradict one another.",
    ),
    Entry(
        f"{METHOD}/arguments.py",
        "expected a whole number of at least 1",
        brave(micro_batches=0),
        "It is out of its range.",
    ),
    Entry(
        f"{METHOD}/brave.py",
        "no gradient reaches a moving average",
        brave(stop_gradient=False, target_momentum=0.9),
        "The arguments contradict one another.",
    ),
    Entry(f"{METHOD}/brave.py", "received augment=", brave(augment="flip"), "That is no function."),
    Entry(
        f"{METHOD}/brave.py",
        "in compile(); expected none",
        model(lambda made: made.compile("adam", loss="mse")),
        "The loss is BraVe's own.",
    ),
    Entry(
        f"{METHOD}/brave.py",
        "received export() of a Brave",
        model(lambda made: made.export("out")),
        "A whole model has several networks, and its encoder is exported.",
    ),
    Entry(
        f"{METHOD}/towers.py",
        "received heads=shared with embeddings of sizes",
        brave(heads="shared"),
        "One head takes embeddings of one size.",
    ),
    Entry(
        f"{METHOD}/batches.py",
        "received a batch whose broad views are",
        batch(lambda given: {**given, "broad": {"audio": given["broad"]["imu"]}}),
        "The views of the batch are called otherwise than the networks.",
    ),
    Entry(
        f"{METHOD}/batches.py",
        "expected one number for all",
        batch(lambda given: {**given, "narrow": given["narrow"][:1]}),
        "The views are of different examples.",
    ),
    Entry(
        f"{METHOD}/batches.py",
        "so expected",
        batch(lambda given: {**given, "narrow": given["narrow"][:, None]}),
        "A view has too many axes, or too few.",
    ),
    Entry(
        f"{METHOD}/batches.py",
        "expected at least one view",
        batch(lambda given: {**given, "broad": {"imu": given["broad"]["imu"][:, None][:, :0]}}),
        "An example has no view.",
    ),
    Entry(
        f"{METHOD}/batches.py",
        "expected views, which `augment` makes",
        _stored_pixels,
        "A model that augments was shown stored pixels instead of views.",
    ),
    Entry(
        f"{METHOD}/micro_batches.py",
        "examples for micro_batches=",
        _micro_batches,
        "The batch cannot be divided into micro-batches.",
    ),
    Entry(
        f"{METHOD}/step_function.py",
        "examples for {len(shares)} replicas",
        _replicas,
        "The batch cannot be divided equally among the GPUs.",
    ),
)

AREA = Area(
    "Networks of your own, in Python",
    "What `brave_tf.Brave` says of networks, batches and arguments; see [Python](python.md).",
    COMMON,
    OTHERS,
)
