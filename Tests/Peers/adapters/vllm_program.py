"""vLLM's CPU build, which batches by itself.

It runs in this process, with Intel's OpenMP loaded first where the environment has it: with a process of its own for
the engine, its default, it did half of that on two cores.
"""

import os

# Memory for a cache that one pass does not use, in GiB: the least it takes.
os.environ["VLLM_CPU_KVCACHE_SPACE"] = "1"
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy  # noqa: E402
import vllm  # noqa: E402

from adapters import MAX_TOKENS  # noqa: E402

TYPES = {"f32": "float32", "bf16": "bfloat16"}


class Adapter:
    def __init__(self, model: str, precision: str, cache: str):
        # A decoder would else find the texts of the pass before in its cache, and compute nothing.
        self.model = vllm.LLM(
            model=model, runner="pooling", dtype=TYPES[precision], max_model_len=MAX_TOKENS,
            enable_prefix_caching=False, disable_log_stats=True,
        )  # fmt: skip
        self.version = vllm.__version__
        self.settings = [{}]
        self.single_settings = [{}]

    def embed(self, texts: list, setting: dict) -> numpy.ndarray:
        """Texts, or token ids."""
        texts = [{"prompt_token_ids": text} if isinstance(text, list) else text for text in texts]
        answers = self.model.embed(texts, use_tqdm=False, tokenization_kwargs={"truncation": True, "max_length": MAX_TOKENS})
        return numpy.array([answer.outputs.embedding for answer in answers], numpy.float32)
