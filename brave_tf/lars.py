"""LARS, the paper's optimizer."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import keras
from keras import ops

PREDICTORS = ("predictor",)
Mask = Literal["paper_intent", "masks_flipped", "official"]


@keras.saving.register_keras_serializable("brave_tf")
class LARS(keras.optimizers.Optimizer):
    """Layer-wise adaptive rate scaling with Nesterov momentum.

    For every array theta with gradient g: add weight decay, scale by trust_coefficient * |theta| / |g| (1 where either
    norm is 0), multiply by -learning_rate, then apply Nesterov momentum. The learning rate enters before the momentum
    buffer. Biases and the scale and offset of batch norm get neither decay nor scaling: that is every variable of at
    most one axis. Predictors learn `predictor_multiplier` times faster (paper, implementation details). `Brave` says
    which variables these are when it is compiled; in a model of your own, `predictors` does.

    Args:
        learning_rate: a number or a schedule.
        momentum: decay of the momentum buffer.
        weight_decay: added to the gradient as weight_decay * theta, before the trust ratio.
        trust_coefficient: the trust ratio's factor.
        predictor_multiplier: factor on the update of every predictor.
        predictors: names of layers; a variable with one of them in its path belongs to a predictor. A single string is
            one name.
        mask: "paper_intent" excludes biases and batch norm and multiplies predictors after the trust ratio;
            "masks_flipped" excludes the same but multiplies the gradient before the decay, where the factor mostly
            cancels; "official" is the released code as it runs: it multiplies before and decays and scales *only*
            biases and batch norm.
        name: the optimizer's name.
        **kwargs: further arguments of `keras.optimizers.Optimizer`.

    Raises:
        ValueError: `mask` is none of the three; or, when it is built, a name in `predictors` is that of no layer.

    Reference:
        You, Gitman and Ginsburg, "Large Batch Training of Convolutional Networks", 2017; the paper, section 4.1.
    """

    def __init__(
        self,
        learning_rate: Any = 4.8,
        momentum: float = 0.9,
        weight_decay: float = 0.01,
        trust_coefficient: float = 0.001,
        predictor_multiplier: float = 10.0,
        predictors: Sequence[str] = PREDICTORS,
        mask: Mask = "paper_intent",
        name: str = "lars",
        **kwargs: Any,
    ):
        if mask not in ("paper_intent", "masks_flipped", "official"):
            raise ValueError(f"received mask={mask!r}; expected paper_intent, masks_flipped or official")
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum
        self.decay = weight_decay
        self.trust_coefficient = trust_coefficient
        self.predictor_multiplier = predictor_multiplier
        self.predictors = (predictors,) if isinstance(predictors, str) else tuple(predictors)
        self.mask = mask
        self._predictor_ids: set[int] | None = None

    def mark_predictors(self, variables: Iterable[keras.Variable]) -> None:
        """Says which variables belong to predictors, in place of `predictors`; before the optimizer is built."""
        self._predictor_ids = {id(variable) for variable in variables}

    def build(self, variables: Any) -> None:
        """Creates one momentum buffer per variable."""
        if self.built:
            return
        super().build(variables)
        self.buffers = self.add_optimizer_variables(variables, "momentum")
        self._check_predictors(variables)
        self._is_bias_or_norm = [len(variable.shape) <= 1 for variable in variables]
        self._is_predictor = [self._belongs_to_predictor(variable) for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        index = self._get_variable_index(variable)
        multiplier = self.predictor_multiplier if self._is_predictor[index] else 1.0
        is_scaled = self._is_bias_or_norm[index] == (self.mask == "official")

        if self.mask != "paper_intent" and multiplier != 1.0:
            gradient = gradient * multiplier
        if is_scaled:
            gradient = gradient + self.decay * variable
            rate = rate * self._trust_ratio(variable, gradient)
        if self.mask == "paper_intent" and multiplier != 1.0:
            rate = rate * multiplier
        self._move(variable, self.buffers[index], gradient, rate)

    def _move(self, variable: Any, buffer: Any, gradient: Any, rate: Any) -> None:
        """Nesterov momentum, on TensorFlow as one operation."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=buffer.value.handle,
                lr=rate,
                grad=gradient,
                momentum=tf.constant(self.momentum, gradient.dtype),
                use_nesterov=True,
            )
            return
        velocity = -rate * gradient
        momentum = velocity + self.momentum * buffer
        self.assign(buffer, momentum)
        self.assign_add(variable, velocity + self.momentum * momentum)

    def _check_predictors(self, variables: Any) -> None:
        parts = {part for variable in variables for part in variable.path.split("/")}
        unknown = [name for name in self.predictors if name not in parts]
        if self._predictor_ids is None and unknown and self.predictors != PREDICTORS:
            raise ValueError(
                f"received predictors={unknown}; expected names of layers of the model, parts of its paths"
            )

    def _belongs_to_predictor(self, variable: keras.Variable) -> bool:
        if self._predictor_ids is not None:
            return id(variable) in self._predictor_ids
        return any(name in variable.path.split("/") for name in self.predictors)

    def _trust_ratio(self, variable: Any, gradient: Any) -> Any:
        parameter_norm, gradient_norm = ops.sqrt(_half_squares(variable)), ops.sqrt(_half_squares(gradient))
        usable = ops.minimum(parameter_norm, gradient_norm) > 0
        return ops.where(usable, ops.divide_no_nan(self.trust_coefficient * parameter_norm, gradient_norm), 1.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "weight_decay": self.decay,
            "trust_coefficient": self.trust_coefficient,
            "predictor_multiplier": self.predictor_multiplier,
            "predictors": list(self.predictors),
            "mask": self.mask,
        }


def _half_squares(array: Any) -> Any:
    """Half the sum of squares, of which TensorFlow has an operation."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.l2_loss(array)
    return 0.5 * ops.sum(ops.square(array))
