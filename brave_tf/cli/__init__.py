"""The command line, one file per command; none of them imports TensorFlow before it runs."""
