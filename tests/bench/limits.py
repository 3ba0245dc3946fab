#!/usr/bin/env python3
"""What a gateway needs: the figures of limits.md, as a table in Markdown. Options as of bench.py; `--instructions` is for the
last line alone, the only one that means something on an emulated or very busy machine.

Start-up, memory, CPU and bytes are bench.py's. Instructions a reading are callgrind's count of the functions in WORK for two
loads of different size, their difference divided by the difference of messages: start and end cancel out. Paho, the
kernel and waiting are not in it, so it hardly depends on what else the machine does.

Exit codes: 0 measured; 1 not, or valgrind is missing for --instructions; 2 wrong usage.
"""
import argparse
import contextlib
import os
import platform
import re
import shutil
import sys

import bench

# Messages under callgrind, some fifty times slower; True: quick. Stored in transactions of 1,000, however slow the machine
# is, and the last half a thousand when nothing has come for a while: the loads differ in whole transactions.
LOADS = {False: (2500, 8500), True: (1500, 3500)}
STORE = "durability: crash, flush: 2m, flush_rows: 1000"
# From the callback that takes a message to the row in the database, with all that they call. None calls another.
WORK = {"sluice::Intake::on_message": "message → journal", "sluice::Engine::handle": "rules and sums",
        "sluice::Store::commit": "database"}


def inclusive(text, function):
    """What a callgrind profile says of a function with all that it calls: the lines of its blocks, also those of calls. Not
    those of fn'2, which are in its own already: on ARM callgrind takes some returns for calls, and so for recursion."""
    names, inside, total = {}, False, 0
    for line in text.splitlines():
        if named := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
            names.setdefault(named[1], named[2])
            if line.startswith("fn="):
                name = names[named[1]]
                inside = name.split("(")[0] == function and not re.search(r"'\d+$", name)
        elif inside and re.match(r"[-+*\d]", line):
            total += int(line.split()[1])
    return total


def instructions(lab, messages):
    """Of each function in WORK, of taking, folding and storing so many messages, and what else it does from start to end."""
    out = os.path.join(lab.folder, f"callgrind.{messages}")
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet",
               *(f"--toggle-collect={function}*" for function in WORK)]
    with lab.gateway(f"callgrind-{messages}", store=STORE, wrapper=wrapper) as gateway:
        lab.measure("load", messages=messages, sensors=100)
        gateway.wait_stored(messages)
    with open(out, encoding="ascii", errors="replace") as file:
        text = file.read()
    counts = {function: inclusive(text, function) for function in WORK}
    total = int(re.findall(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)[-1])
    if min(counts.values()) == 0 or abs(sum(counts.values()) - total) > total / 100:
        sys.exit(f"the functions do not make up the whole of {total}: {counts}")
    return counts


def instruction_rows(lab, quick):
    if not shutil.which("valgrind"):
        print("note: valgrind is not installed, so instructions are not counted", file=sys.stderr)
        return
    few, many = LOADS[quick]
    less, more = instructions(lab, few), instructions(lab, many)
    per_reading = {function: (more[function] - less[function]) / (many - few) for function in WORK}
    yield "instructions a reading, from the callback to the row (callgrind)", f"{sum(per_reading.values()):,.0f}"
    for function, what in WORK.items():
        yield f"of which {what} (`{function.removeprefix('sluice::')}`)", f"{per_reading[function]:,.0f}"


def rows(lab, quick):
    startup = bench.measure_startup(lab, quick)
    yield "start of the process → ready / subscribed", f"{startup['ready_ms']:.0f} / {startup['subscribed_ms']:.0f} ms"
    memory = bench.measure_memory(lab, quick)
    yield "memory (RSS) at the start", f"{memory['start_mib']:.1f} MiB"
    yield "memory with 1,000 sensors, after / at most", f"{memory['stored_mib']:.1f} / {memory['peak_mib']:.1f} MiB"
    cost = bench.measure_cost(lab, quick)
    for rate in sorted({run["rate"] for run in cost}):
        mine = sorted(run["sluice_us"] for run in cost if run["rate"] == rate)
        yield f"CPU a reading, {f'{rate} a second' if rate else 'as fast as possible'}", f"{mine[len(mine) // 2]:.1f} µs"
    disk = bench.measure_disk(lab, quick)
    yield "bytes written a reading, 100 a second: store / kernel", (
        f"{disk['written_per_reading']:.0f} / {disk['process_per_reading']:.0f} B")
    yield from instruction_rows(lab, quick)


def main():
    root = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the messages, fewer repetitions")
    parser.add_argument("--bin", default=os.path.join(root, "build/release"), help="build folder (default: build/release)")
    parser.add_argument("--bench-bin", help="folder of the bench programs, if not BIN/tests/bench")
    parser.add_argument("--state-dir", default="/var/tmp", help="where databases lie: a real disk (default: /var/tmp)")
    parser.add_argument("--instructions", action="store_true", help="only the instructions a reading")
    parser.add_argument("--patience", type=int, default=1, help="wait so many times longer before giving up (emulation)")
    arguments = parser.parse_args()
    if arguments.instructions and not shutil.which("valgrind"):
        sys.exit("error: valgrind is not installed")
    bench.patience = arguments.patience
    print(f"{platform.machine()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start\n")
    print("| figure | result |\n|---|---|")
    with contextlib.ExitStack() as keep_on:
        lab = bench.Lab(bench.find_folders(arguments), keep_on)
        for figure, result in instruction_rows(lab, arguments.quick) if arguments.instructions else rows(lab, arguments.quick):
            print(f"| {figure} | {result} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
