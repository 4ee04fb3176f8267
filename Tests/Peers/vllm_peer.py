"""Serves nothing: loads a directory into vLLM as an embedder, says so, and answers lines of text
with vectors, for decoder.py."""

import json
import os
import sys

# Memory for a cache that one pass does not use, in GiB: the least it takes.
os.environ["VLLM_CPU_KVCACHE_SPACE"] = "1"

from vllm import LLM  # noqa: E402

if __name__ == "__main__":
    model = LLM(model=sys.argv[1], runner="pooling", max_model_len=512, dtype="bfloat16",
                disable_log_stats=True)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(model.embed([json.loads(line)], use_tqdm=False)[0].outputs.embedding),
              flush=True)
