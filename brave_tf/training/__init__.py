"""Training: the Keras model, its optimizer, and runs that can be interrupted."""
