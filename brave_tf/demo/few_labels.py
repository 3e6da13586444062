"""How many labels the demo's classifiers are shown."""

FRACTIONS = (0.05, 0.1, 0.25, 1.0)
"""Of the training clips' labels."""
FEW = 0.1
"""What the headline tells: where labels are few, it matters most what a network has learned without them."""
