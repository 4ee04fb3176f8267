"""The peers: each module gives a class `Adapter` that embeds texts by one program in one precision.

Adapter(model, precision, cache) loads the model directory; then
    version                     the program's
    settings                    the ways to run it, of which the fastest counts, as dictionaries
    single_settings             the same for one text at a time
    embed(texts, setting)       unit vectors [len(texts), hidden] f32 in the order of the texts

`cache` is a folder for converted models. The modules are imported only by peer_process.py, in the peer's own Python
environment. THREADS is what each program gets.
"""

THREADS = 2
MAX_TOKENS = 256
BATCHES = (4, 16, 32, 64)
CALIBRATION_TEXTS = 300
