"""Which devices train: one, all of this machine, several machines, or a TPU."""

import contextlib
import functools
import os
from collections.abc import Iterator
from typing import Any, get_args

import tensorflow as tf

from brave_tf.config import Config
from brave_tf.config.words import LocalStrategyName, StrategyName
from brave_tf.data.pipeline import check_batch
from brave_tf.errors import UserError, did_you_mean
from brave_tf.training import slurm, tf_config

LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)
"""What TensorFlow raises, on one occasion or another, when a worker does not answer."""


def make_strategy(name: str = "auto") -> tf.distribute.Strategy:
    """The `tf.distribute` strategy to build and fit a model under; to be called before TensorFlow computes anything.

    Args:
        name: "mirrored" takes all GPUs of this machine; "multiworker" those of all machines that TF_CONFIG or SLURM
            name, one process each; "tpu" the TPU that this machine belongs to, or the one that TPU_NAME names. "auto"
            takes whichever of these is there, and otherwise the one device that TensorFlow chooses.

    Raises:
        UserError: there is no such strategy, or not the hardware or the description of the cluster that it needs.

    Example:
        >>> strategy = make_strategy()
        >>> with strategy.scope():
        ...     model = brave_tf.Brave.from_preset("tiny-va")
    """
    if name not in get_args(StrategyName):
        names = get_args(StrategyName)
        raise UserError(f"received --strategy {name}; {did_you_mean(name, names)}expected one of: {', '.join(names)}")
    if name == "tpu" or (name == "auto" and _has_tpu()):
        return _tpu()
    if name == "multiworker" or (name == "auto" and (_in_tf_config() or _in_job_step())):
        return _multi_worker()
    return _mirrored(name)


def make_local_strategy(strategy: str | tf.distribute.Strategy = "auto") -> tf.distribute.Strategy:
    """The strategy to evaluate under: the devices of this machine, or a TPU.

    Args:
        strategy: a strategy, or one of the names that `make_strategy` takes but "multiworker"; "auto" takes no other
            machine either.

    Raises:
        UserError: see `make_strategy`; or the strategy takes several machines.
    """
    if not isinstance(strategy, str):
        if is_multi_worker(strategy):
            raise UserError(
                f"received a strategy of {workers(strategy)} workers; an evaluation runs on one machine: expected one "
                "of its devices"
            )
        return strategy
    names = get_args(LocalStrategyName)
    if strategy not in names:
        raise UserError(
            f"received --strategy {strategy}; {did_you_mean(strategy, names)}an evaluation runs on one machine: "
            f"expected one of: {', '.join(names)}"
        )
    if strategy == "tpu" or (strategy == "auto" and _has_tpu()):
        return _tpu()
    return _mirrored(strategy)


def _mirrored(name: str) -> tf.distribute.Strategy:
    gpus = len(tf.config.list_logical_devices("GPU"))
    if name == "mirrored" or gpus > 1:
        # Without GPUs it takes the processor, as one or as several logical devices.
        names = [device.name for device in tf.config.list_logical_devices("GPU" if gpus else "CPU")]
        return _over(tuple(names))
    return tf.distribute.get_strategy()


@functools.cache
def _over(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One strategy for all work of a process: TensorFlow takes the collective operations of two for the same ones."""
    return tf.distribute.MirroredStrategy(devices)


def check_strategy(config: Config, strategy: tf.distribute.Strategy) -> None:
    """Raises UserError if an experiment cannot run under a strategy.

    Args:
        config: the experiment.
        strategy: any strategy.
    """
    check_batch(config, strategy.num_replicas_in_sync)
    if config.jit_compile and strategy.num_replicas_in_sync > 1:
        raise UserError(
            f"received jit_compile=true for {strategy.num_replicas_in_sync} replicas; XLA compiles the step of one "
            "replica here, and a TPU's by itself; leave it out"
        )


@contextlib.contextmanager
def while_together(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Turns the loss of another worker into a `UserError`."""
    try:
        yield
    except LOST as error:
        if not is_multi_worker(strategy):
            raise
        raise UserError(
            f"this worker stopped because another one is gone or failed ({type(error).__name__}); see what the others "
            "say, then run the same command on every worker to go on from the newest checkpoint"
        ) from error


def is_multi_worker(strategy: tf.distribute.Strategy) -> bool:
    """Whether several processes train together."""
    return workers(strategy) > 1


def workers(strategy: tf.distribute.Strategy) -> int:
    """Processes that train together."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 1
    cluster = strategy.cluster_resolver.cluster_spec().as_dict()
    return sum(len(cluster.get(kind, [])) for kind in ("chief", "worker")) or 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes."""
    if not is_multi_worker(strategy):
        return True
    resolver = strategy.cluster_resolver
    if "chief" in resolver.cluster_spec().as_dict():
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


def worker_number(strategy: tf.distribute.Strategy) -> int:
    """The place of this process among those that train together, the chief's being 0."""
    if not is_multi_worker(strategy):
        return 0
    resolver = strategy.cluster_resolver
    before = len(resolver.cluster_spec().as_dict().get("chief", [])) if resolver.task_type == "worker" else 0
    return before + int(resolver.task_id)


def _has_tpu() -> bool:
    return "TPU_NAME" in os.environ or bool(tf.config.list_physical_devices("TPU"))


def _in_tf_config() -> bool:
    return tf_config.addresses(tf_config.read(os.environ)) > 1


def _in_job_step() -> bool:
    with _as_slurm_says():
        return slurm.is_job_step(os.environ)


@contextlib.contextmanager
def _as_slurm_says() -> Iterator[None]:
    """Variables that are absent or cannot be understood become an error of the user's."""
    try:
        yield
    except (KeyError, ValueError) as error:
        raise UserError(f"SLURM does not describe its job step ({error}); set TF_CONFIG instead") from None


def _multi_worker() -> tf.distribute.Strategy:
    if tf_config.read(os.environ):
        resolver: Any = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    elif _in_job_step():
        with _as_slurm_says():
            cluster = tf.train.ClusterSpec({"worker": slurm.workers(os.environ)})
            rank = int(os.environ["SLURM_PROCID"])
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            cluster, task_type="worker", task_id=rank, rpc_layer="grpc"
        )
    else:
        raise UserError(
            "received --strategy multiworker without a cluster; expected TF_CONFIG to describe it, or a start by srun "
            "with several tasks (docs/scaling.md)"
        )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"the workers did not find one another ({reason}); expected one process at each address") from (
            error
        )


def _tpu() -> tf.distribute.Strategy:
    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, OSError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"TPU {name!r} cannot be used ({reason}); expected a TPU machine, or TPU_NAME to name one"
        ) from error
    return tf.distribute.TPUStrategy(resolver)
