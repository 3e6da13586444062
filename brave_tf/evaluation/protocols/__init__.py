"""The evaluation protocols, one a file; `brave_tf.config.words.PROTOCOLS` is their table. None loads TensorFlow."""
