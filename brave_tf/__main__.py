"""`python -m brave_tf`: the same as `brave-tf`."""

import sys

from brave_tf.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
