"""Throughput and latency of several programs, in turns."""

import json
import os
import statistics
import sys

import quiet
from peer_client import Millpond

ATTEMPTS = 3  # for each run
PROBE_TEXTS = 96  # by which settings are compared


def key(runner) -> str:
    return "%s %s" % (runner.name, runner.precision)


def undisturbed(measure, patience: quiet.Patience):
    """The first result during which others left the processors alone, else the one disturbed least."""
    found = []
    for _ in range(ATTEMPTS):
        patience.wait()
        watch = quiet.Watch()
        result = measure()
        found.append((watch.share(), result))
        if found[-1][0] <= quiet.FOREIGN_MAX:
            return result
        print("disturbed by other load: %.0f %%" % (100 * found[-1][0]), file=sys.stderr, flush=True)
    return min(found, key=lambda each: each[0])[1]


def best_setting(runner, settings: list, path: str) -> dict:
    """The setting that takes the least time for some texts of the file, spread over it."""
    if len(settings) == 1:
        return settings[0]
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    probe = path + ".probe"
    with open(probe, "w", encoding="utf-8") as file:
        file.writelines(lines[:: max(1, len(lines) // PROBE_TEXTS)])

    def time(setting):
        answer = runner.ask({"do": "bulk", "texts": probe, "setting": setting, "seconds": 0.3})
        return answer["seconds"] / answer["passes"]

    times = [time(setting) for setting in settings]
    ranked = sorted(range(len(settings)), key=times.__getitem__)[:3]
    best = min(ranked, key=lambda place: min(times[place], time(settings[place])))
    os.remove(probe)
    print("%s: %s" % (key(runner), json.dumps(settings[best])), file=sys.stderr, flush=True)
    return settings[best]


def in_turns(runners, rounds: int, patience, measure) -> dict:
    """Values of every runner, round by round."""
    values = {key(runner): [] for runner in runners}
    for _ in range(rounds):
        for runner in runners:
            values[key(runner)].append(undisturbed(lambda: measure(runner), patience))
    return values


def throughput(runners, mix: dict, options, patience) -> dict:
    """Tokens a second."""
    chosen = {key(runner): best_setting(runner, runner.settings, mix["path"]) for runner in runners}

    def measure(runner):
        if isinstance(runner, Millpond):
            return runner.bench(mix["path"], options.seconds)["tokensPerSecond"]
        request = {"do": "bulk", "texts": mix["path"], "setting": chosen[key(runner)], "seconds": options.seconds}
        answer = runner.ask(request)
        return answer["passes"] * mix["tokens"] / answer["seconds"]

    return in_turns(runners, options.rounds, patience, measure)


def latency(runners, mix: dict, options, patience) -> dict:
    """Median milliseconds of one text: in process, and of Millpond through a coordinator and a worker as well."""

    def single(runner, setting):
        answer = runner.ask({"do": "single", "texts": mix["path"], "setting": setting, "seconds": options.seconds})
        return statistics.median(answer["milliseconds"])

    chosen = {}
    for runner in runners:
        settings = runner.single_settings
        if len(settings) > 1:
            settings = sorted(settings, key=lambda setting: single(runner, setting))
        chosen[key(runner)] = settings[0]

    def measure(runner):
        if not isinstance(runner, Millpond):
            return single(runner, chosen[key(runner)])
        return runner.bench(mix["path"], options.seconds, "--one-by-one", *runner.through)["p50Milliseconds"]

    class Served(Millpond):
        name, through = "Millpond", ("--replicas", "1", "--threads", "2")

    class InProcess(Millpond):
        name, through = "Millpond in process,", ()

    ours = [kind(each.precision, each.model, each.folder) for each in runners if isinstance(each, Millpond)
            for kind in (Served, InProcess)]  # fmt: skip
    theirs = [runner for runner in runners if not isinstance(runner, Millpond)]
    return in_turns(ours + theirs, options.rounds, patience, measure)
