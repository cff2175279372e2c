"""Every setting of a machine beside one that was chosen: what it costs, and what that one would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from isthmus.errors import IsthmusError
from isthmus.tuning.axes import AXES, Offer
from isthmus.tuning.candidates import Candidates
from isthmus.tuning.entry import Cost, Entry, ratio
from isthmus.tuning.setting import Setting

ENDLESS_SECONDS = 24 * 3600.0
ROUNDS, LEAST_ROUNDS, TOGETHER = 20, 5, 4
# Times the chosen one, up to which variants are opened: of a runtime and precision with all
# threads, and of one that is a variant itself, as in the axes of `isthmus.tune`.
WORTH, WORTH_OF_VARIANT = 3.0, 1.5
# What a variant differs in from the same runtime and precision, each axis by itself.
CHANGES = (("threads", "streams", "copies"), ("static",), ("extra",))
SLOW = 4.0  # times the best in a first turn, beyond which there is no other
WITHIN = 1.03  # times the cost of another, up to which the chosen one is as good
CONFIRMED = 4  # at most, beside the choice
MEASURED, LATE = "measured", "the time for the workload was over"


def times_of(row: dict[str, Any]) -> float:
    """How many times as much the chosen one costs."""
    return float(row["choice_over_it"])


def every(offered: Offer) -> tuple[list[Setting], list[Setting]]:
    """All combinations of the axes, once each: those with all threads, of named sizes and without
    levers, and their variants."""
    found = list(offered.runtimes)
    for axis in AXES:
        made = [variant for one in found for variant in axis.variants(one, offered)]
        found = list(dict.fromkeys([*found, *made]))
    first = [setting for setting in found if setting == base_of(setting, offered)]
    return first, [setting for setting in found if setting not in first]


def base_of(setting: Setting, offered: Offer) -> Setting:
    """The one that a setting is a variant of."""
    threads = offered.threads
    return replace(setting, threads=threads, streams=1, copies=1, static=False, extra=())


def parents(setting: Setting, offered: Offer) -> list[Setting]:
    """The same without one of its changes, for each of them; none of what is no variant."""
    base = base_of(setting, offered)
    plain = [replace(setting, **{name: getattr(base, name) for name in names}) for names in CHANGES]
    return [one for one in plain if one != setting]


@dataclass
class Survey:
    """A race in which everything is measured beside one setting. until: when it has to end."""

    race: Candidates
    chosen: Setting
    cost: Cost
    until: float

    def __post_init__(self) -> None:
        self.rows: dict[Setting, dict[str, Any]] = {}
        self.skipped: dict[str, str] = {}
        if self.chosen != self.race.default.setting:
            self.race.attempt(self.chosen, ENDLESS_SECONDS)
        self.own = self._entry(self.chosen)
        self._check_own()

    def measure(self, offered: Offer) -> None:
        """Every setting: those with all threads first, then with a change, with two, and so on."""
        first, variants = every(offered)
        self._beside(first)
        for changes in range(1, len(CHANGES) + 1):
            wanted = [one for one in variants if len(parents(one, offered)) == changes]
            for setting in wanted:
                if why := self._hopeless(setting, offered):
                    self.skipped[str(setting)] = f"not opened: {why}"
            self._beside([one for one in wanted if str(one) not in self.skipped])

    def confirm(self) -> None:
        """The best of what may be better than the choice, in new rounds beside it."""
        close = [s for s, row in self.rows.items() if row["interval_95"][1] > WITHIN]
        order = sorted(close, key=lambda setting: times_of(self.rows[setting]), reverse=True)
        group = [self._reopened(setting) for setting in order[:CONFIRMED]]
        self._rounds([self.own, *group], ends=False)
        for entry in group:
            if len(entry.windows) == ROUNDS:
                self.rows[entry.setting] = {**self._row(entry), "confirmed": True}

    def others(self) -> dict[str, str]:
        """What was not measured, and why."""
        ended = {
            str(entry.setting): f"{entry.state}: {entry.reason}"
            for entry in self.race.entries
            if entry.reason not in ("", MEASURED)
        }
        return {**ended, **self.skipped}

    def _beside(self, settings: Iterable[Setting]) -> None:
        """Turns of these beside the choice, a few at a time."""
        waiting = [one for one in settings if one not in (self.chosen, self.race.default.setting)]
        default = [] if self.rows or self.own is self.race.default else [self.race.default]
        while waiting or default:
            group = default
            while waiting and len(group) < TOGETHER:
                setting = waiting.pop(0)
                if monotonic() > self.until:
                    self.skipped[str(setting)] = f"not opened: {LATE}"
                    continue
                self.race.attempt(setting, ENDLESS_SECONDS)
                group = [*group, *[e for e in [self._entry(setting)] if e.races]]
            self._rounds([self.own, *group], ends=True)
            for entry in group:
                self._take(entry)
            default = []

    def _take(self, entry: Entry) -> None:
        """Its row; and it is out, unless it is the default."""
        if len(entry.windows) < LEAST_ROUNDS:
            return
        self.rows[entry.setting] = self._row(entry)
        if entry is not self.race.default and entry.races:
            entry.ends("slower", MEASURED)

    def _rounds(self, group: Sequence[Entry], *, ends: bool) -> None:
        """ends: whether what is seen to be slower than the choice has no further turns."""
        for entry in group:
            entry.windows = []
        going = [entry for entry in group if entry.races]
        for number in range(ROUNDS if len(going) > 1 else 0):
            for entry in going[:: 1 if number % 2 == 0 else -1]:
                self.race.turn(entry)
            self._check_own()
            going = [entry for entry in going if entry.races]
            if ends and number + 1 >= LEAST_ROUNDS:
                going = [e for e in going if e is self.own or not self._is_slower(e, number + 1)]
            if len(going) < 2:
                return

    def _check_own(self) -> None:
        if not self.own.races:
            said = f"{self.own.state} ({self.own.reason})"
            raise IsthmusError(f"{self.chosen}: chosen, and then {said}; run it again")

    def _is_slower(self, entry: Entry, rounds: int) -> bool:
        return self._ratio(entry, rounds).interval()[1] < 1

    def _ratio(self, entry: Entry, rounds: int) -> Any:
        """The choice's cost over that of another, in the first rounds, which both had."""
        own, other = (replace(e, windows=e.windows[:rounds]) for e in (self.own, entry))
        return ratio(own, other, self.cost)

    def _row(self, entry: Entry) -> dict[str, Any]:
        found = self._ratio(entry, len(entry.windows))
        figures = entry.figures
        return {
            "setting": str(entry.setting),
            "choice_over_it": found.ratio,
            "interval_95": list(found.interval()),
            "cosine": figures.cosine if figures else None,
            "rounds": len(entry.windows),
            "confirmed": False,
        }

    def _hopeless(self, setting: Setting, offered: Offer) -> str:
        """Which of its parents says that it is not worth while, and why; "" where none does."""
        for parent in parents(setting, offered):
            if parent == self.chosen:
                continue
            if str(parent) in self.skipped:
                return f"{parent} was not opened either"
            entry, is_variant = self._entry(parent), bool(parents(parent, offered))
            if entry.state in ("failed", "missing", "inaccurate") or not entry.windows:
                return f"{parent} {entry.state}: {entry.reason}"
            if (times := self._times(entry)) > (WORTH_OF_VARIANT if is_variant else WORTH):
                return f"{parent} took {times:.3g} times as long as the choice"
        return ""

    def _times(self, entry: Entry) -> float:
        """How many times as much as the choice it costs."""
        row = self.rows.get(entry.setting)
        if row is not None:
            return 1 / times_of(row)
        return entry.cost(self.cost) / self.own.cost(self.cost)

    def _entry(self, setting: Setting) -> Entry:
        (found,) = [entry for entry in self.race.entries if entry.setting == setting]
        return found

    def _reopened(self, setting: Setting) -> Entry:
        """In the race again."""
        entry = self._entry(setting)
        if not entry.races:
            self.race.entries.remove(entry)
            self.race.attempt(setting, ENDLESS_SECONDS)
        return self._entry(setting)
