"""The C load generator, for one load at a time."""

import json
import subprocess

from relay_programs import LOADER


def load(address: str, **options) -> dict:
    words = [LOADER, "load", "--connect", address]
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit("the load ended: %s" % " ".join(words))
    return json.loads(done.stdout)
