"""What something takes: seconds of the wall and of all processors, children included."""

from __future__ import annotations

import resource
import time


class Spent:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu()

    def told(self) -> dict[str, float]:
        """Give the seconds since then; of the processors, those of children that have ended too."""
        return {"seconds": time.perf_counter() - self._wall, "cpu_s": _cpu() - self._cpu}


def _cpu() -> float:
    usages = (resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
