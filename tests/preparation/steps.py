"""The steps of Beam's workers, run without Beam."""

import collections
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

from brave_tf.preparation.beam_steps import read_tasks, write_joined, write_piece


def travelled(element):
    return pickle.loads(pickle.dumps(element))


def run_steps(names, work, flags=(), threads=3):
    """Every third source twice, all in random order and on several threads."""
    tasks = [travelled(task) for name in names for task in read_tasks(name, travelled(work))]
    tasks += tasks[::3]
    random.Random(0).shuffle(tasks)
    with ThreadPoolExecutor(threads) as pool:
        pieces = [travelled(piece) for piece in pool.map(lambda task: write_piece(task, work), tasks)]
    grouped = collections.defaultdict(dict)
    for name, piece in pieces:
        grouped[name][piece.task.number] = piece
    for _ in range(2):  # What is done is not made again.
        assert [write_joined((name, iter(grouped[name].values())), work) for name in names] == list(names)
