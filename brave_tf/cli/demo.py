"""`brave-tf demo`."""

from pathlib import Path

from brave_tf.cli.options import JSON


def demo(out: Path = Path("demo"), seed: int = 0, json: JSON = False) -> None:
    """Show the whole story on media files that are generated here: prepare, pretrain, evaluate, export.

    Takes three to five minutes on two cores and downloads nothing. Example: brave-tf demo --out demo

    Args:
        out: directory for everything it writes, index.html among it.
        seed: seed of everything random.
        json: print the content of report.json, and nothing else on standard output.
    """
    from brave_tf.cli.console import print_end, print_table
    from brave_tf.cli.manner import print_json
    from brave_tf.demo import run_demo

    report = run_demo(out, seed)
    if json:
        print_json(report)
        return
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
    print_end(out, ["index.html"], ["prepare", "VIDEOS", "--out", "dataset"])
