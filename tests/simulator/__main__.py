"""Run worlds and print what came of them.

`python -m tests.simulator --worlds 10000 [--seed N] [--workers 2]`;
`--show` prints each world with its verdicts instead.
"""

from __future__ import annotations

import argparse
import sys
import time

from keytui.domain.verdict import Verdict
from tests.simulator.faults import Fault
from tests.simulator.running import Tally, run
from tests.simulator.showing import show


def main() -> int:
    """0 when every promise was kept; 1 when one was broken, or when some fault never came."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="The verdict, held against worlds.")
    parser.add_argument("--worlds", type=int, default=10_000, help="how many worlds")
    parser.add_argument("--seed", type=int, default=1, help="the first world's seed; the next ones follow")
    parser.add_argument("--workers", type=int, default=1, help="how many processes")
    parser.add_argument("--show", action="store_true", help="print each world, its verdicts and their findings")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.worlds)
    if given.show:
        for seed in seeds:
            sys.stdout.write(show(seed))
        return 0
    began = time.monotonic()
    tally = run(seeds, given.workers)
    sys.stdout.write(report(tally, time.monotonic() - began))
    return int(bool(tally.wrong) or tally.share_safe < 0.95 or any(not tally.alone[fault] for fault in Fault))


def report(tally: Tally, seconds: float) -> str:
    """The run in words."""
    lines = [
        f"{tally.worlds} worlds, {tally.questions} questions, {seconds:.0f} s",
        ", ".join(f"{verdict} {tally.verdicts[verdict]}" for verdict in Verdict),
        f"promises broken: {len(tally.wrong)}",
        f"idle and complete: {tally.complete}, of which SAFE {tally.share_safe:.1%}",
        f"SAFE beside a job that nothing recorded and that the assumption leaves out: {tally.escaped}",
        "",
        f"{'planted':36}{'alone':>7}{'SAFE':>8}{'NOT_SAFE':>10}{'UNKNOWN':>9}",
    ]
    for fault in Fault:
        counts = [tally.faults[fault, verdict] for verdict in Verdict]
        lines.append(f"{fault:36}{tally.alone[fault]:>7}{counts[0]:>8}{counts[1]:>10}{counts[2]:>9}")
    lines += ["", "worlds with such a program:"]
    lines += [f"  {trait:48}{count:>7}" for trait, count in sorted(tally.traits.items())]
    lines += [f"seed {wrong.seed} at {wrong.at:.1f} h: {wrong.what}" for wrong in tally.wrong[:40]]
    lines += [f"withheld: seed {seed} at {at:.1f} h" for seed, at in tally.withheld[:10]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
