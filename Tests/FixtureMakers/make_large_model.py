"""Makes a random BF16 model directory of a well-known shape, for measuring speed:

  python Tests/FixtureMakers/make_large_model.py bert-base|xlm-r-large|qwen3-0.6b FOLDER

Encoders have MiniLM's tokenizer, of which every program takes the same ids; the decoder is that of make_large_decoder.py.
Needs torch, transformers and the default model in Models/.
"""

import json
import os
import shutil
import subprocess
import sys

import torch
import transformers

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MINILM = os.path.join(ROOT, "Models", "all-MiniLM-L6-v2")
SHAPES = {
    "bert-base": dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072),
    "xlm-r-large": dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096),
}


def encoder(shape: str, folder: str) -> None:
    torch.manual_seed(7)
    if shape == "bert-base":
        config = transformers.BertConfig(vocab_size=30_522, **SHAPES[shape])
        model = transformers.BertModel(config, add_pooling_layer=False)
    else:
        config = transformers.XLMRobertaConfig(vocab_size=30_522, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1,
                                               position_embedding_type="absolute",
                                               **SHAPES[shape])  # fmt: skip
        model = transformers.XLMRobertaModel(config, add_pooling_layer=False)
    model.to(torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "modules.json", "sentence_bert_config.json", "vocab.txt",
                 "config_sentence_transformers.json", "special_tokens_map.json"):  # fmt: skip
        if os.path.exists(os.path.join(MINILM, name)):
            shutil.copy(os.path.join(MINILM, name), folder)
    os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
    with open(os.path.join(MINILM, "1_Pooling", "config.json"), encoding="utf-8") as file:
        pooling = json.load(file)
    pooling["word_embedding_dimension"] = SHAPES[shape]["hidden_size"]
    with open(os.path.join(folder, "1_Pooling", "config.json"), "w", encoding="utf-8") as file:
        json.dump(pooling, file)


shape, folder = sys.argv[1:]
if shape in SHAPES:
    os.makedirs(folder, exist_ok=True)
    encoder(shape, folder)
else:
    maker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "make_large_decoder.py")
    subprocess.run([sys.executable, maker, folder, "--wordpiece"], check=True)
