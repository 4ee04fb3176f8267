"""Makes a random decoder of Qwen3-0.6B's shape as a BF16 model directory, for measuring start,
memory and speed:

  python Tests/FixtureMakers/make_large_decoder.py FOLDER [--wordpiece] [--layers N]

The tokenizer is a byte-level BPE in the shape of Qwen2's, trained on the texts of this repository
and filled up to the vocabulary's size; --wordpiece writes a WordPiece instead. Needs the packages
of requirements.txt and 1.2 GB of disk.
"""

import argparse
import glob
import json
import os

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import trainers

VOCABULARY = 151_669
END = "<|endoftext|>"
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def texts():
    root = os.path.join(os.path.dirname(__file__), "..", "..")
    for pattern in ["README.md", "Tests/**/*.py", "Sources/**/*.swift", "Sources/**/*.md"]:
        for path in sorted(glob.glob(os.path.join(root, pattern), recursive=True)):
            with open(path, encoding="utf-8") as file:
                yield from file


def bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=8_000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False)
    tokenizer.train_from_iterator(texts(), trainer)
    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    # Entries that no merge makes: they only give the table its size.
    for number in range(len(vocabulary), VOCABULARY - 1):
        vocabulary[f"Ġunused{number}"] = number
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens([END])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A $B:1 {END}:1", special_tokens=[(END, VOCABULARY - 1)])
    return tokenizer, "Qwen2TokenizerFast"


def wordpiece():
    words = sorted({word for line in texts() for word in line.lower().split() if word.isalnum()})
    characters = [chr(c) for c in range(33, 127)]
    entries = ["[UNK]", END] + characters + ["##" + c for c in characters]
    entries += [word for word in words if word not in set(entries)]
    entries += [f"unused{number}" for number in range(len(entries), VOCABULARY)]
    tokenizer = Tokenizer(models.WordPiece(
        {entry: number for number, entry in enumerate(entries)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[UNK]", END])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A $B:1 {END}:1", special_tokens=[(END, 1)])
    return tokenizer, "PreTrainedTokenizerFast"


def weights(config):
    """Random tensors under the names of Qwen3's language model, tied."""
    generator = torch.Generator().manual_seed(0)
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    query = config["num_attention_heads"] * config["head_dim"]
    key = config["num_key_value_heads"] * config["head_dim"]
    maps = {"self_attn.q_proj": (query, hidden), "self_attn.k_proj": (key, hidden),
            "self_attn.v_proj": (key, hidden), "self_attn.o_proj": (hidden, query),
            "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner)}
    norms = {"input_layernorm": hidden, "post_attention_layernorm": hidden,
             "self_attn.q_norm": config["head_dim"], "self_attn.k_norm": config["head_dim"]}

    def noise(*shape):
        return (torch.randn(shape, generator=generator) / shape[-1] ** 0.5).bfloat16()

    result = {"model.embed_tokens.weight": noise(config["vocab_size"], hidden),
              "model.norm.weight": torch.ones(hidden, dtype=torch.bfloat16)}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for name, shape in maps.items():
            result[f"{prefix}{name}.weight"] = noise(*shape)
        for name, width in norms.items():
            result[f"{prefix}{name}.weight"] = torch.ones(width, dtype=torch.bfloat16)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--wordpiece", action="store_true")
    parser.add_argument("--layers", type=int, default=28)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    tokenizer, kind = wordpiece() if arguments.wordpiece else bpe()
    config = {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 1024,
        "intermediate_size": 3072, "num_hidden_layers": arguments.layers,
        "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
        "vocab_size": VOCABULARY, "tie_word_embeddings": True, "hidden_act": "silu",
        "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "max_position_embeddings": 32768,
        "attention_bias": False, "attention_dropout": 0.0, "use_sliding_window": False,
        "sliding_window": None, "max_window_layers": arguments.layers, "use_cache": True,
        "initializer_range": 0.02, "torch_dtype": "bfloat16",
        "bos_token_id": tokenizer.token_to_id(END), "eos_token_id": tokenizer.token_to_id(END)}

    def write(name, value):
        with open(os.path.join(arguments.folder, name), "w") as file:
            json.dump(value, file, indent=1)
            file.write("\n")

    write("config.json", config)
    write("tokenizer_config.json", {
        "tokenizer_class": kind, "model_max_length": 32768, "eos_token": END, "pad_token": END,
        "unk_token": None, "clean_up_tokenization_spaces": False})
    tokenizer.save(os.path.join(arguments.folder, "tokenizer.json"))
    save_file(weights(config), os.path.join(arguments.folder, "model.safetensors"),
              metadata={"format": "pt"})


if __name__ == "__main__":
    main()
