"""Jobs that do what files may do to the process that reads them. It imports this, and nothing heavy with it."""

import dataclasses
import os
import signal
import time

from brave_tf.embedding.jobs import MediaJob
from brave_tf.embedding.moment_job import MomentJob
from brave_tf.embedding.query_job import QueryJob
from brave_tf.preparation.jobs import Outcome


@dataclasses.dataclass(frozen=True)
class OddJob(MediaJob):
    """Gives five numbers from `skip` on, and then does what its name says; a file counts how often it was begun."""

    def do(self, course, give):
        begun = self.source.path
        with begun.open("a") as file:
            file.write("x")
        tries = len(begun.read_text())
        for number in range(self.skip, 5):
            if number == 3:
                getattr(self, self.source.name)(tries)
            give(number)
        return Outcome([])

    def nothing(self, tries):
        pass

    def dies_once(self, tries):
        if tries == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def dies(self, tries):
        os.kill(os.getpid(), signal.SIGSEGV)

    def hangs(self, tries):
        time.sleep(100)

    def grows(self, tries):
        self.source.labels["memory"] = bytearray(400_000_000)
        self.source.labels["memory"][:] = b"x" * 400_000_000
        time.sleep(100)


class OddQuery(QueryJob):
    """A query whose file does what its name says."""

    def windows(self, source, course):
        if source.path.stem == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(100)


class OddMoment(MomentJob):
    """A moment whose file ends its process."""

    def do(self, course, give):
        os.kill(os.getpid(), signal.SIGSEGV)
