"""sentence-transformers over PyTorch, as its own documentation uses it."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy  # noqa: E402
import sentence_transformers  # noqa: E402
import torch  # noqa: E402

from adapters import BATCHES, MAX_TOKENS, THREADS  # noqa: E402


class Adapter:
    def __init__(self, model: str, precision: str, cache: str):
        assert precision == "f32"
        torch.set_num_threads(THREADS)
        self.model = sentence_transformers.SentenceTransformer(model, device="cpu")
        self.model.max_seq_length = MAX_TOKENS
        self.version = sentence_transformers.__version__ + ", torch " + torch.__version__
        self.settings = [{"batch": size} for size in BATCHES]
        self.single_settings = [{"batch": 1}]

    def embed(self, texts: list[str], setting: dict) -> numpy.ndarray:
        return self.model.encode(
            texts, batch_size=setting["batch"], normalize_embeddings=True, show_progress_bar=False
        )
