#!/usr/bin/env python3
"""The completion scripts that are installed: each shell that is here can read its own, and bash completes with it."""
import shutil
import subprocess
import tempfile
from pathlib import Path

import gateway


def candidates(script, sluicectl, words):
    """What bash offers for the last of `words`."""
    line = " ".join(f"'{word}'" for word in words)
    code = f'source "{script}"; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _sluicectl; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, timeout=60,
                          env={"PATH": f"{sluicectl.parent}:/usr/bin:/bin"})
    gateway.check(done.returncode == 0 and not done.stderr, f"bash: {done}")
    return done.stdout.split()


def main():
    options = gateway.parser_of(__doc__).parse_args()
    programs = gateway.Programs(options)
    read = []
    with tempfile.TemporaryDirectory(prefix="sluice-completion-") as folder:
        for shell in ("bash", "zsh", "fish"):
            script = Path(folder) / f"sluicectl.{shell}"
            done = subprocess.run([programs.sluicectl, "completion", shell], capture_output=True, text=True, timeout=60)
            gateway.check(done.returncode == 0 and done.stdout, f"a script for {shell}: {done}")
            script.write_text(done.stdout)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n", script], capture_output=True, text=True, timeout=60)
                gateway.check(done.returncode == 0 and not done.stderr, f"{shell} cannot read its script: {done.stderr}")
                read.append(shell)
        script, config = Path(folder) / "sluicectl.bash", Path(folder) / "sluice.yaml"
        config.write_text('gateway: { id: x }\nreadings:\n  - { topic: "#" }\n'
                          'alerts:\n  - { name: too-hot, sensor: "#", above: 1 }\n')
        for words, expected in ((["sta"], ["status"]), (["export", "--form"], ["--format"]), (["alerts", "te"], ["test"]),
                                (["--config", str(config), "why", "attic", "too"], ["too-hot"])):
            offered = candidates(script, programs.sluicectl, ["sluicectl", *words])
            gateway.check(offered == expected, f"{words}: {offered}, not {expected}")
    print("read by " + ", ".join(read) + "; bash completes commands, options and rules")


if __name__ == "__main__":
    gateway.run(main)
