"""sentence-transformers in fp32 as a peer, in a process of its own: it brings another Python environment.

Reads lines on standard input, each a JSON array of texts, and answers each with one line
{"seconds": …, "tokens": …}. `threads` is the only argument.
"""

import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    torch.set_num_threads(int(sys.argv[1]))
    model = SentenceTransformer(os.path.join(ROOT, "Models", "all-MiniLM-L6-v2"), device="cpu")
    for line in sys.stdin:
        texts = json.loads(line)
        start = time.perf_counter()
        model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        seconds = time.perf_counter() - start
        tokens = sum(len(ids) for ids in model.tokenizer(texts, truncation=True, max_length=256)["input_ids"])
        print(json.dumps({"seconds": seconds, "tokens": tokens}), flush=True)


if __name__ == "__main__":
    main()
