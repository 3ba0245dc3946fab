#!/usr/bin/env python3
"""The batch layer yields: one thread is nicer than the rest and of the batch class, whatever niceness the process has.

Also when sluiced was started with a niceness of its own, and after a reload has made the threads anew.
"""
import os
import signal
from pathlib import Path

import gateway

READINGS = 'readings: [ { topic: "load/+", format: number } ]\n'


def of_threads(pid):
    """(niceness, policy) of each; fields 19 and 41 of proc(5)'s stat."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        yield int(fields[16]), int(fields[38])


def expect_one_that_yields(pid, niceness):
    nicest = min(niceness + 10, 19)

    def yielding():
        return [thread for thread in of_threads(pid) if thread != (niceness, os.SCHED_OTHER)]

    gateway.wait_until(lambda: yielding() == [(nicest, os.SCHED_BATCH)],
                       "one thread of class batch is ten steps nicer than the others", timeout=20)


def main():
    options = gateway.parser_of(__doc__).parse_args()
    os.nice(5)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    with gateway.Gateway(options, READINGS) as lab:
        lab.start()
        lab.wait_ready()
        expect_one_that_yields(lab.daemon.pid, niceness)
        lab.daemon.send_signal(signal.SIGHUP)
        log = lab.folder / "sluiced.log"
        gateway.wait_until(lambda: log.read_text().count(" started: ") == 2, "the gateway has been wired again")
        lab.wait_ready()
        expect_one_that_yields(lab.daemon.pid, niceness)


if __name__ == "__main__":
    gateway.run(main)
