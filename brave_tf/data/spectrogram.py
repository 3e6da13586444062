"""Log-mel spectrograms, as in the released front end."""

import tensorflow as tf

from brave_tf.config import AudioViewConfig

COMPRESSION = 10_000.0


def log_mel(waveform: tf.Tensor, view: AudioViewConfig) -> tf.Tensor:
    """ln(1 + 10000 * mel) of the magnitude spectrum.

    Args:
        waveform: [..., N] float32 in [-1, 1] at `view.sample_rate_hz`.
        view: window, hop and mel bands.

    Returns:
        [..., S, M] float32 with S = ceil(N / hop): the end is padded with zeros.
    """
    samples = tf.shape(waveform)[-1]
    frames = -(-samples // view.step_samples)
    padding = tf.maximum((frames - 1) * view.step_samples + view.window_samples - samples, 0)
    padded = tf.concat([waveform, tf.zeros(tf.concat([tf.shape(waveform)[:-1], [padding]], axis=0))], axis=-1)
    spectrum = tf.abs(tf.signal.stft(padded, view.window_samples, view.step_samples, view.window_samples))
    mel = tf.signal.linear_to_mel_weight_matrix(
        num_mel_bins=view.mel_bands,
        num_spectrogram_bins=view.window_samples // 2 + 1,
        sample_rate=view.sample_rate_hz,
        lower_edge_hertz=view.low_hz,
        upper_edge_hertz=view.high_hz,
    )
    return tf.math.log(1.0 + COMPRESSION * tf.tensordot(spectrum, mel, 1))


def check_finite(values: tf.Tensor, what: str) -> tf.Tensor:
    """The same values.

    Args:
        values: floats of a clip.
        what: what they are, for the message.

    Raises:
        tf.errors.InvalidArgumentError: one of them is NaN or infinite.
    """
    # Of one number the check costs nothing, and a sum is quick: NaN and infinity do not vanish in it.
    total = tf.debugging.check_numerics(tf.reduce_sum(values), f"{what} is not finite")
    with tf.control_dependencies([total]):
        return tf.identity(values)
