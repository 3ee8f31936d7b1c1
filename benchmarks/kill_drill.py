"""Delivery is killed again and again, at named points and at random moments, against a destination that fails as well.

After each ordinary run that follows, every account is at the destination exactly once, with its newest row, the ledger
says so too, and no change was applied twice. The control is the same drill without a ledger and without keys: a program
that writes down what it sent when it is through; `--control` runs it alone.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.delivery.fake import FAULTS, Fake, fingerprints, row
from uptier.delivery.carrying import POINTS
from uptier.delivery.delivering import deliver
from uptier.delivery.ledger import Ledger
from uptier.delivery.ledger_tables import address_of
from uptier.delivery.pages import batches
from uptier.delivery.payload import Payload
from uptier.store import write_whole

SEED = 7
ACCOUNTS, BATCH = 48, 6
KILLS_AT_LEAST, PHASE_AT_LEAST = 160, 20
ROUNDS_AT_MOST = 1000
ATTEMPTS = 6
BETWEEN = "between"  # before the first batch, and from one to the next
# what a run is doing from each point on
PHASES = {
    "planned": "intending",
    "intended": "sending",
    "sending": "sending",
    "applied": "after_applying",
    "sent": "after_applying",
    "checked": "settling",
    "settled": BETWEEN,
}
DRILLED = ("intending", "sending", "after_applying", "settling")


@dataclass
class Scope:
    """What is to be told: values that never come back, so that the same change seen twice was made twice."""

    chance: random.Random
    values: dict[str, float] = field(default_factory=dict)
    tick: int = 0

    def next(self) -> list[Payload]:
        """Let a third of the accounts change, some leave and some return."""
        self.tick += 1
        for number in range(ACCOUNTS):
            account, drawn = f"a{number:03}", self.chance.random()
            if drawn < 0.05:
                self.values.pop(account, None)
            elif drawn < 0.4:
                self.values[account] = float(self.tick)
        return [row(account, value=value) for account, value in sorted(self.values.items())]


class Moment:
    """The point that a run reached last, seen by whoever kills it; and a point at which it kills itself."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 16)
        self.fatal, self.countdown = "", 0

    def clear(self) -> None:
        """Forget what an earlier run reached."""
        self._shared[:] = bytes(16)

    def at(self, point: str) -> None:
        """Note a point, and die there if it is the one."""
        self._shared[:] = point.encode().ljust(16, b"\0")
        if point == self.fatal:
            self.countdown -= 1
            if self.countdown <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    @property
    def phase(self) -> str:
        """What the run was doing after the last point."""
        return PHASES.get(self._shared[:].rstrip(b"\0").decode(), BETWEEN)


class Drill:
    """One destination, kept over all kills."""

    def __init__(self, folder: Path, *, control: bool) -> None:
        self.folder = folder
        self.control = control
        self.chance = random.Random(SEED)
        self.scope = Scope(self.chance)
        self.moment = Moment()
        self.by_phase: Counter[str] = Counter()
        self.how: Counter[str] = Counter()
        self.lost = self.doubled = self.untrue = self.ordinary = 0
        self._seconds = 0.2  # of a run
        self._runs = 0

    def run(self) -> None:
        """Kill until every phase has had its share."""
        self.ordinary_run(self.scope.next())
        for number in range(ROUNDS_AT_MOST):
            if sum(self.by_phase.values()) >= KILLS_AT_LEAST and self.is_enough:
                return
            self.killed_run(self.scope.next(), self.named if number % 2 else self.at_random)
            if self.chance.random() < 0.7:  # else it is killed once more before it may finish
                self.ordinary_run(self.scope.next())
        self.ordinary_run(self.scope.next())

    @property
    def is_enough(self) -> bool:
        """Whether each phase was hit often enough."""
        return all(self.by_phase[phase] >= PHASE_AT_LEAST for phase in DRILLED)

    def killed_run(self, payloads: list[Payload], kill: Callable[[int], None]) -> None:
        """Let a child deliver, and kill it."""
        self.moment.clear()
        self.moment.fatal, self.moment.countdown = "", 0
        faults = [self.chance.choice(FAULTS) if self.chance.random() < 0.25 else "" for _ in range(20)]
        self._runs += 1
        if kill == self.named:
            points = [*POINTS, "sending", "applied"]
            self.moment.fatal, self.moment.countdown = self.chance.choice(points), self.chance.randint(1, 3)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.send(payloads, faults, self.moment.at)
                code = 0
            except Exception:  # noqa: BLE001  # it must not come back as a second parent
                traceback.print_exc()
            finally:
                os._exit(code)
        kill(child)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            self.by_phase[self.moment.phase] += 1
            self.how["named" if kill == self.named else "random"] += 1
        elif status:
            raise SystemExit("A run failed by itself.")

    def named(self, child: int) -> None:
        """Do nothing: the child kills itself."""

    def at_random(self, child: int) -> None:
        """Kill a child at any moment of its run."""
        time.sleep(self.chance.uniform(0, 1.2 * self._seconds))
        os.kill(child, signal.SIGKILL)  # where it has ended, nobody has waited for it yet

    def ordinary_run(self, payloads: list[Payload]) -> None:
        """Let a run go to its end, and look what came of it."""
        self._runs += 1
        self.ordinary += 1
        began = time.monotonic()
        fault = self.chance.choice(FAULTS) if self.chance.random() < 0.2 else ""
        self.send(payloads, [fault], str)
        self._seconds = 0.8 * self._seconds + 0.2 * (time.monotonic() - began)
        fake = Fake(self.folder / "fake.db")
        expected, there = fingerprints(payloads), fake.open_rows()
        self.lost += sum(there.get(key) != one for key, one in expected.items())
        self.lost += len(there.keys() - expected.keys())  # open, and nobody's any more
        self.doubled = fake.repeated() + sum(times - 1 for times in fake.times().values() if not self.control)
        if not self.control:
            held = fake.held()
            with self.ledger.reading("fake") as book:
                stands = book.stands(list(held))
            self.untrue += sum(stands[key].confirmed != one or not stands[key].is_certain for key, one in held.items())

    def send(self, payloads: list[Payload], faults: list[str], at: Callable[[str], object]) -> None:
        """Deliver; in the control, send what was not sent by a run that was through."""
        fake = Fake(self.folder / "fake.db", batch_size=BATCH, faults=faults, at=at, keyed=not self.control)
        if not self.control:
            run = f"run{self._runs}"
            done = deliver(payloads, fake, self.ledger, run, attempts=ATTEMPTS, backoff=0, at=at)
            self.lost += done.failed + done.unknown + done.left  # a child's count dies with it
            return
        list_of_sent = self.folder / "sent.json"
        sent = json.loads(list_of_sent.read_text()) if list_of_sent.exists() else {}
        for batch in batches([one for one in payloads if sent.get(one.key) != one.fingerprint], BATCH):
            for point in ("planned", "intended"):
                at(point)
            fake.faults = []  # it would not know what to do about them
            fake.send(batch)
            for point in ("sent", "checked", "settled"):
                at(point)
        write_whole(list_of_sent, lambda path: path.write_text(json.dumps(fingerprints(payloads))))

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened anew: no child inherits a connection."""
        return Ledger(address_of(self.folder / "ledger.db"), "drill")


def drilled(*, control: bool) -> tuple[Drill, dict[str, int]]:
    """Drill, and give with it how often each fault was met."""
    with tempfile.TemporaryDirectory() as name:
        drill = Drill(Path(name), control=control)
        began = time.monotonic()
        drill.run()
        faults = Counter(fault for _, fault in Fake(drill.folder / "fake.db").calls() if fault)
    told = "the control" if control else "the drill"
    print(f"{told}: {time.monotonic() - began:.0f} s, {drill.ordinary} ordinary runs", file=sys.stderr)
    return drill, dict(sorted(faults.items()))


def main() -> None:
    """Drill, and print the line."""
    parser = argparse.ArgumentParser(description="Kill delivery, and look what arrives.")
    parser.add_argument("--control", action="store_true", help="only without a ledger and without keys")
    parser.add_argument("--json", action="store_true", help="print the line alone, as it does anyway")
    only_control = parser.parse_args().control
    control, _ = drilled(control=True)
    drill, faults = (control, {}) if only_control else drilled(control=False)
    kills = sum(drill.by_phase.values())
    figures: dict[str, object] = {
        "kills": kills,
        "by_phase": {phase: drill.by_phase[phase] for phase in (*DRILLED, BETWEEN)},
        "by_moment": dict(sorted(drill.how.items())),
        "faults": faults,
        "lost": drill.lost,
        "doubled": drill.doubled,
    }
    enough = kills >= KILLS_AT_LEAST and drill.is_enough
    if only_control:
        bounds, met = {"doubled_at_least": 1}, enough and drill.doubled > 0
    else:
        figures |= {"untrue": drill.untrue, "control_doubled": control.doubled}
        bounds = {
            "kills_at_least": KILLS_AT_LEAST,
            "by_phase_at_least": PHASE_AT_LEAST,
            "lost": 0,
            "doubled": 0,
            "untrue": 0,
            "control_doubled_at_least": 1,
        }
        is_clean = drill.lost == drill.doubled == drill.untrue == 0
        met = enough and is_clean and set(faults) == set(FAULTS) and control.doubled > 0
    line = {
        "name": "kill_drill_control" if only_control else "kill_drill",
        "sizes": {"accounts": ACCOUNTS, "batch": BATCH, "ordinary_runs": drill.ordinary},
        "seed": SEED,
        "figures": figures,
        "bounds": bounds,
        "met": met,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
