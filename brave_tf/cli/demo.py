"""`brave-tf demo`."""

from pathlib import Path


def demo(out: Path = Path("demo"), seed: int = 0) -> None:
    """Show the whole story on media files that are generated here: prepare, pretrain, evaluate, export.

    Takes five minutes on two cores and downloads nothing. Example: brave-tf demo --out demo

    Args:
        out: directory for everything it writes, index.html among it.
        seed: seed of everything random.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.demo import run_demo

    report = run_demo(out, seed)
    rows = (
        "linear_top1",
        "random_init_top1",
        "v_v_theme_top1",
        "v_v_theme_random_init_top1",
        "labels",
        "chance",
        "seconds",
        "export_verified",
    )
    print_table(f"{out / 'index.html'}", {name: report[name] for name in rows})
