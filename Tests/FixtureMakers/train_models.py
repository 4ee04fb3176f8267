#!/usr/bin/env python3
"""Trains the two small models of Tests/Fixtures/models on Debian's package descriptions.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt
    nice -n 19 .venv/bin/python Tests/FixtureMakers/train_models.py sections    # debian-sections, a classifier
    nice -n 19 .venv/bin/python Tests/FixtureMakers/train_models.py reranker    # debian-reranker, a cross-encoder
    .venv/bin/python Tests/FixtureMakers/train_models.py sections --evaluate    # only measures the stored model again

Made with torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, numpy 2.4.6 and Python 3.11, on Debian 12's lists
(see debian_descriptions.py: they are downloaded on the first run). Each training takes one thread and at most
`--minutes` (default 14): the learning rate falls to zero over the planned steps or that time, whichever ends first.
So a slower machine gets a slightly worse model; measured figures are in Tests/Fixtures/models/README.md.

Packages are split by source package (debian_descriptions.split_of): all binary packages of a source, which often share
whole paragraphs, are on the same side. The tokenizer sees the training split only. Both models are BERT with hidden
size 128; the token embeddings start from a factorisation of the training split's co-occurrence counts, everything
else at random. Weights are rounded when they are stored (F16 the classifier, BF16 the cross-encoder), and what is
measured at the end is the stored model, in fp32, without padding.
"""

import argparse
import collections
import json
import math
import os
import random
import re
import shutil
import time

for variable in [v for v in os.environ if v.startswith("OPENBLAS_")]:
    del os.environ[variable]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
import scipy.sparse
import scipy.sparse.linalg
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForSequenceClassification

import debian_descriptions

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "Tests", "Fixtures", "models")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY, HIDDEN, LAYERS, HEADS, POSITIONS = 7000, 128, 3, 4, 256
CUT_CLASSIFIER, CUT_QUERY, CUT_DOCUMENT = 80, 20, 72
NEGATIVES = 4

# Sections by subject. Those that tell the form of a package rather than its subject are left out: debug, oldlibs,
# metapackages, tasks, introspection, misc, localization; so are subjects with few sources.
MERGED = {
    "desktop": "x11 gnome kde xfce gnustep",
    "devel": "devel vcs interpreters",
    "doc": "doc",
    "fonts": "fonts",
    "games": "games",
    "gnu-r": "gnu-r",
    "golang": "golang",
    "haskell": "haskell",
    "java": "java",
    "javascript": "javascript",
    "libs": "libs libdevel",
    "multimedia": "sound video graphics",
    "net": "net mail web httpd comm news",
    "perl": "perl",
    "python": "python",
    "ruby": "ruby",
    "rust": "rust",
    "science": "science math electronics hamradio",
    "system": "admin utils shells kernel otherosfs",
    "text": "text tex editors",
}
LABELS = sorted(MERGED)
LABEL_OF = {section: label for label, sections in MERGED.items() for section in sections.split()}


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, flush=True)


# Data


def whole_text(package):
    return package["synopsis"] + "\n" + package["body"]


def section_examples(packages):
    """{split: [(package, label index)]}: for each source and label the first two packages whose bodies differ."""
    taken, out = collections.defaultdict(set), {"train": [], "validation": [], "test": []}
    bodies = set()
    for package in packages:
        label = LABEL_OF.get(package["section"])
        seen = taken[package["source"], label]
        if label is None or len(seen) == 2 or package["body"] in bodies or not package["body"]:
            continue
        seen.add(package["body"])
        bodies.add(package["body"])
        out[debian_descriptions.split_of(package["source"])].append((package, LABELS.index(label)))
    return out


def pair_examples(packages):
    """{split: [package]}: one package of each source, the one named like it or else the first, with a real body."""
    best = {}
    for package in packages:
        if len(package["body"]) < 80 or len(package["synopsis"]) < 12:
            continue
        old = best.get(package["source"])
        if old is None or package["package"] == package["source"]:
            best[package["source"]] = package
    out, bodies = {"train": [], "validation": [], "test": []}, set()
    for source in sorted(best):
        if best[source]["body"] not in bodies:
            bodies.add(best[source]["body"])
            out[debian_descriptions.split_of(source)].append(best[source])
    return out


def train_tokenizer(packages):
    made = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, show_progress=False, limit_alphabet=300)
    texts = sorted({whole_text(p) for p in packages if debian_descriptions.split_of(p["source"]) == "train"})
    made.train_from_iterator(texts, trainer)
    cls, sep = made.token_to_id("[CLS]"), made.token_to_id("[SEP]")
    made.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", cls), ("[SEP]", sep)]
    )
    return made


# BM25


class BM25:
    """Okapi BM25, k1 1.2, b 0.75, over lower-case runs of letters and digits."""

    def __init__(self, documents):
        self.terms = {}
        counts = [collections.Counter(self.words(d)) for d in documents]
        lengths = numpy.array([sum(c.values()) for c in counts], dtype=numpy.float64)
        frequency = collections.Counter(word for c in counts for word in c)
        rows, columns, values = [], [], []
        for row, count in enumerate(counts):
            for word, n in count.items():
                column = self.terms.setdefault(word, len(self.terms))
                idf = math.log(1 + (len(documents) - frequency[word] + 0.5) / (frequency[word] + 0.5))
                rows.append(row)
                columns.append(column)
                values.append(idf * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * lengths[row] / lengths.mean())))
        self.matrix = scipy.sparse.csr_matrix((values, (rows, columns)), shape=(len(documents), len(self.terms)))

    @staticmethod
    def words(text):
        return re.findall(r"[^\W_]+", text.lower())

    def scores(self, queries):
        """A dense row of scores for every query."""
        rows, columns = [], []
        for row, query in enumerate(queries):
            for word in self.words(query):
                if word in self.terms:
                    rows.append(row)
                    columns.append(self.terms[word])
        ones = numpy.ones(len(rows))
        asked = scipy.sparse.csr_matrix((ones, (rows, columns)), shape=(len(queries), len(self.terms)))
        return (asked @ self.matrix.T).toarray()


def best_others(packages, count):
    """For each package the `count` documents of other packages that BM25 puts first for its synopsis."""
    index = BM25([p["body"] for p in packages])
    out = []
    for start in range(0, len(packages), 500):
        part = packages[start : start + 500]
        scores = index.scores([p["synopsis"] for p in part])
        scores[numpy.arange(len(part)), numpy.arange(start, start + len(part))] = -1
        top = numpy.argpartition(-scores, count, axis=1)[:, :count]
        for row, items in enumerate(top):
            out.append([int(i) for i in sorted(items, key=lambda i: (-scores[row, i], i))])
    return out


# The network


def new_model(tokenizer, texts, labels, seed):
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * HIDDEN,
        max_position_embeddings=POSITIONS,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.token_to_id("[PAD]"),
        num_labels=labels,
    )
    model = BertForSequenceClassification(config)
    # BERT's initial 0.02 is meant for wider layers: with it nothing is learnt in the first minutes. The first layer's
    # values start as the identity, so that a token's first context is the mean of what it looks at.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and "embeddings" not in name:
                torch.nn.init.xavier_uniform_(parameter)
        model.bert.embeddings.word_embeddings.weight.copy_(torch.from_numpy(cooccurrence(tokenizer, texts)))
        first = model.bert.encoder.layer[0].attention
        first.self.value.weight.copy_(torch.eye(HIDDEN))
        first.output.dense.weight.copy_(torch.eye(HIDDEN))
    return model


def cooccurrence(tokenizer, texts):
    """Token vectors: the square-rooted left factor of positive pointwise mutual information, five tokens each side."""
    size = tokenizer.get_vocab_size()
    counts = scipy.sparse.csr_matrix((size, size))
    lines = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    ids = numpy.array([i for line in lines for i in line])
    owner = numpy.repeat(numpy.arange(len(lines)), [len(line) for line in lines])
    for distance in range(1, 6):
        same = owner[distance:] == owner[:-distance]
        pair = (ids[:-distance][same], ids[distance:][same])
        part = scipy.sparse.csr_matrix((numpy.full(same.sum(), 1 / distance), pair), shape=(size, size))
        counts = counts + part + part.T
    counts = counts.tocoo()
    total, sums = counts.sum(), numpy.asarray(counts.sum(axis=1)).ravel()
    value = numpy.log(counts.data * total / (sums[counts.row] * sums[counts.col]))
    keep = value > 0
    ppmi = scipy.sparse.csr_matrix((value[keep], (counts.row[keep], counts.col[keep])), shape=(size, size))
    u, s, _ = scipy.sparse.linalg.svds(ppmi, k=HIDDEN, v0=numpy.ones(size), solver="arpack")
    # A random rotation spreads the factors over the dimensions, which attention cuts into heads.
    turn, _ = numpy.linalg.qr(numpy.random.default_rng(0).normal(size=(HIDDEN, HIDDEN)))
    vectors = u * numpy.sqrt(s) @ turn
    vectors[sums == 0] = numpy.random.default_rng(1).normal(size=(int((sums == 0).sum()), HIDDEN))
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(numpy.float32)


def prefer_equal_tokens(model):
    """Starts the first layer at: every token looks at equal and similar tokens, rather in the other text of the pair.

    Queries and keys start as a multiple of the identity, the queries mirrored along the axis of the two token types.
    So a word that the other text has takes on the other text's type, which the next layers can count. Without it a
    cross-encoder this small does not find within minutes that equal words matter (validation MRR stayed at chance).
    """
    with torch.no_grad():
        axis = torch.randn(HIDDEN)
        axis = axis / axis.norm()
        model.bert.embeddings.token_type_embeddings.weight.copy_(torch.stack([-0.35 * axis, 0.35 * axis]))
        attention = model.bert.encoder.layer[0].attention.self
        identity = torch.eye(HIDDEN)
        attention.query.weight.copy_(1.3 * (identity - 2 * torch.outer(axis, axis)))
        attention.key.weight.copy_(1.3 * identity)


def padded(rows):
    width = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for r, (row, kind) in enumerate(rows):
        ids[r, : len(row)] = torch.tensor(row)
        types[r, : len(row)] = torch.tensor(kind)
        mask[r, : len(row)] = 1
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}


def logits_of(model, rows):
    """fp32 logits of (ids, type ids) rows, in batches of equal length: no padding."""
    model.eval()
    out = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda r: len(rows[r][0]))
    start = 0
    with torch.no_grad():
        while start < len(order):
            end = start
            while end < len(order) and end - start < 32 and len(rows[order[end]][0]) == len(rows[order[start]][0]):
                end += 1
            found = model(**padded([rows[r] for r in order[start:end]])).logits
            for r, values in zip(order[start:end], found):
                out[r] = values.tolist()
            start = end
    model.train()
    return numpy.array(out, dtype=numpy.float32)


def optimise(model, batches, loss_of, minutes, rate, check):
    """AdamW over `batches` (a list), bf16 arithmetic on fp32 weights; says the loss and calls `check` now and then."""
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    began, total, seen, shown = time.time(), 0.0, 0, 0
    model.train()
    for step, batch in enumerate(batches):
        past = max(step / len(batches), (time.time() - began) / (60 * minutes))
        if past >= 1:
            say("stopped by the time at step", step, "of", len(batches))
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 200) * (1 - past)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total, seen = total + loss.item(), seen + 1
        if past >= shown / 10:
            shown = int(past * 10) + 1
            say("step %d of %d, %.0f s, loss %.4f, %s" % (step, len(batches), time.time() - began, total / seen, check()))
            total, seen = 0.0, 0
    say("trained in %.1f minutes" % ((time.time() - began) / 60))


def store(folder, model, tokenizer, precision, extra):
    """A model directory as one downloads it. Written beside its place, then renamed."""
    fresh = folder + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    model.to(precision).save_pretrained(fresh)
    tokenizer.save(os.path.join(fresh, "tokenizer.json"))
    path = os.path.join(fresh, "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    config.update(extra)
    named = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": POSITIONS,
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
        "pad_token": "[PAD]",
        "sep_token": "[SEP]",
        "unk_token": "[UNK]",
    }
    for path, value in ((path, config), (os.path.join(fresh, "tokenizer_config.json"), named)):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            json.dump(value, file, indent=2, sort_keys=True)
            file.write("\n")
    os.chmod(os.path.join(fresh, "model.safetensors"), 0o644)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(fresh, folder)


def load(folder):
    model = BertForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    return model, Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))


# The classifier


def start_from_words(model, rows, labels):
    """Starts the classifier near a bag of words: token embeddings from a linear classifier of their mean, and layers
    that let [CLS] take that mean in. A minute of this saves the transformer many."""
    vectors = model.bert.embeddings.word_embeddings.weight
    words = torch.nn.Embedding.from_pretrained(vectors.detach().clone(), freeze=False)
    norm, last = torch.nn.LayerNorm(HIDDEN), torch.nn.Linear(HIDDEN, len(LABELS))
    optimizer = torch.optim.Adam([*words.parameters(), *norm.parameters(), *last.parameters()], lr=4e-3)
    pick, order = random.Random(5), sorted(range(len(rows)), key=lambda r: len(rows[r][0]))
    batches = [order[i : i + 64] for i in range(0, len(order), 64)]
    for epoch in range(5):
        pick.shuffle(batches)
        for step, batch in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = 4e-3 * (1 - (epoch * len(batches) + step) / (5 * len(batches)))
            feed = padded([rows[r] for r in batch])
            mask = feed["attention_mask"].unsqueeze(2)
            mean = (norm(words(feed["input_ids"])) * mask).sum(1) / mask.sum(1)
            loss = torch.nn.functional.cross_entropy(last(mean), torch.tensor([labels[r] for r in batch]))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        say("bag of words, epoch %d: loss %.4f" % (epoch + 1, loss.item()))
    with torch.no_grad():
        vectors.copy_(words.weight)
        model.bert.embeddings.LayerNorm.load_state_dict(norm.state_dict())
        for layer in model.bert.encoder.layer:
            layer.attention.self.query.weight.mul_(0.3)
            layer.attention.self.value.weight.copy_(torch.eye(HIDDEN))
            layer.attention.output.dense.weight.copy_(torch.eye(HIDDEN))
            layer.output.dense.weight.mul_(0.3)


def section_rows(tokenizer, texts, cut):
    """(ids, type ids) with special tokens, cut on the right to `cut` tokens."""
    rows = []
    for encoding in tokenizer.encode_batch(texts):
        ids = encoding.ids if len(encoding.ids) <= cut else encoding.ids[: cut - 1] + encoding.ids[-1:]
        rows.append((ids, [0] * len(ids)))
    return rows


def sections(packages, minutes, evaluate):
    folder = os.path.join(OUT, "debian-sections")
    examples = section_examples(packages)
    sizes = {split: len(items) for split, items in examples.items()}
    say("classifier:", sizes, "texts,", len(LABELS), "labels")
    if not evaluate:
        tokenizer = train_tokenizer(packages)
        train = examples["train"]
        model = new_model(tokenizer, [whole_text(p) for p, _ in train], len(LABELS), seed=1)
        say(sum(p.numel() for p in model.parameters()), "parameters,", tokenizer.get_vocab_size(), "tokens")
        labels = [label for _, label in train]
        whole = section_rows(tokenizer, [whole_text(p) for p, _ in train], CUT_CLASSIFIER)
        short = section_rows(tokenizer, [p["synopsis"] for p, _ in train], CUT_CLASSIFIER)
        body = section_rows(tokenizer, [p["body"] for p, _ in train], CUT_CLASSIFIER)
        start_from_words(model, whole, labels)
        pick, batches = random.Random(1), []
        for _ in range(5):
            # Most texts whole, some only the synopsis or only the body; batches of like length.
            forms = [pick.choices((whole, short, body), (5, 3, 2))[0] for _ in labels]
            items = [(form[i], labels[i]) for i, form in enumerate(forms)]
            pick.shuffle(items)
            items.sort(key=lambda item: len(item[0][0]) + pick.uniform(0, 8))
            epoch = [items[i : i + 32] for i in range(0, len(items), 32)]
            pick.shuffle(epoch)
            batches += epoch
        held = random.Random(6).sample(examples["validation"], 500)
        held_rows = section_rows(tokenizer, [whole_text(p) for p, _ in held], CUT_CLASSIFIER)
        held_labels = numpy.array([label for _, label in held])

        def loss_of(model, batch):
            logits = model(**padded([row for row, _ in batch])).logits.float()
            return torch.nn.functional.cross_entropy(logits, torch.tensor([l for _, l in batch]), label_smoothing=0.05)

        def check():
            return "validation accuracy %.3f" % (logits_of(model, held_rows).argmax(1) == held_labels).mean()

        optimise(model, batches, loss_of, minutes, 5e-4, check)
        model.config.id2label = dict(enumerate(LABELS))
        model.config.label2id = {label: i for i, label in enumerate(LABELS)}
        model.config.problem_type = "single_label_classification"
        store(folder, model, tokenizer, torch.float16, {})
    model, tokenizer = load(folder)
    test = examples["test"]
    truth = numpy.array([label for _, label in test])
    common = collections.Counter(label for _, label in examples["train"]).most_common(1)[0][0]
    say("majority baseline (%s): %.4f of %d" % (LABELS[common], (truth == common).mean(), len(test)))
    forms = {"synopsis and body": whole_text, "synopsis only": lambda p: p["synopsis"], "body only": lambda p: p["body"]}
    for title, form in forms.items():
        found = logits_of(model, section_rows(tokenizer, [form(p) for p, _ in test], POSITIONS)).argmax(1)
        scores = []
        for label in range(len(LABELS)):
            both = ((found == label) & (truth == label)).sum()
            scores.append(2 * both / max(1, (found == label).sum() + (truth == label).sum()))
        say("%s: accuracy %.4f, mean F1 %.4f" % (title, (found == truth).mean(), numpy.mean(scores)))
        if title == "synopsis and body":
            say(", ".join("%s %.2f" % pair for pair in zip(LABELS, scores)))


# The cross-encoder


def pair_row(query, document):
    """[CLS] query [SEP] document [SEP] of two encodings without special tokens' rows."""
    return ([2] + query + [3] + document + [3], [0] * (len(query) + 2) + [1] * (len(document) + 1))


def token_lists(tokenizer, texts, cut):
    return [encoding.ids[:cut] for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def candidates(packages, count, seed):
    """`count` queries (indices) with 50 documents each: the true one first, BM25's best 24 others, 25 at random."""
    pick = random.Random(seed)
    near = best_others(packages, 24)
    out = []
    for query in sorted(pick.sample(range(len(packages)), count)):
        chosen = [query] + near[query]
        while len(chosen) < 50:
            other = pick.randrange(len(packages))
            if other not in chosen:
                chosen.append(other)
        out.append((query, chosen))
    return out


def reciprocal_rank(scores):
    """1 / rank of the first score; those equal to it count half (the mean over the orders of equals, nearly)."""
    scores = numpy.asarray(scores)
    return 1 / (1 + (scores[1:] > scores[0]).sum() + 0.5 * (scores[1:] == scores[0]).sum())


def rank_all(model, tokenizer, packages, asked, cut_query=64, cut_document=180):
    queries = token_lists(tokenizer, [p["synopsis"] for p in packages], cut_query)
    documents = token_lists(tokenizer, [p["body"] for p in packages], cut_document)
    rows = [pair_row(queries[q], documents[d]) for q, chosen in asked for d in chosen]
    return logits_of(model, rows).reshape(len(asked), -1)


def reranker(packages, minutes, evaluate):
    folder = os.path.join(OUT, "debian-reranker")
    examples = pair_examples(packages)
    say("cross-encoder:", {split: len(items) for split, items in examples.items()}, "pairs")
    if not evaluate:
        tokenizer = train_tokenizer(packages)
        train = examples["train"]
        model = new_model(tokenizer, [whole_text(p) for p in train], 1, seed=2)
        prefer_equal_tokens(model)
        say(sum(p.numel() for p in model.parameters()), "parameters,", tokenizer.get_vocab_size(), "tokens")
        near = best_others(train, 24)
        say("found hard negatives")
        queries = token_lists(tokenizer, [p["synopsis"] for p in train], CUT_QUERY)
        documents = token_lists(tokenizer, [p["body"] for p in train], CUT_DOCUMENT)
        pick, batches = random.Random(2), []
        for hard in (1, 3):
            # Queries of like document length side by side. Of a query's negatives `hard` are BM25's, the others random.
            order = sorted(range(len(train)), key=lambda i: len(documents[i]) + pick.uniform(0, 10))
            epoch = []
            for start in range(0, len(order), 12):
                part = order[start : start + 12]
                chosen = []
                for i in part:
                    others = pick.sample(near[i], hard)
                    while len(others) < NEGATIVES:
                        j = pick.randrange(len(train))
                        others += [j] if j != i and j not in others else []
                    chosen.append((i, [i] + others))
                epoch.append(chosen)
            pick.shuffle(epoch)
            batches += epoch[: len(epoch) // 3] if hard == 1 else epoch
        held = examples["validation"]
        held_asked = candidates(held, 40, seed=3)
        target = torch.tensor([1.0] + [0.0] * NEGATIVES)

        def loss_of(model, batch):
            rows = [pair_row(queries[i], documents[j]) for i, chosen in batch for j in chosen]
            logits = model(**padded(rows)).logits.float().view(len(batch), 1 + NEGATIVES)
            listwise = torch.nn.functional.cross_entropy(logits, torch.zeros(len(batch), dtype=torch.long))
            each = torch.nn.functional.binary_cross_entropy_with_logits(logits, target.expand_as(logits))
            return listwise + 0.5 * each

        def check():
            scores = rank_all(model, tokenizer, held, held_asked, CUT_QUERY, CUT_DOCUMENT)
            return "validation MRR %.3f" % numpy.mean([reciprocal_rank(s) for s in scores])

        optimise(model, batches, loss_of, minutes, 7e-4, check)
        activation = {"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"}}
        store(folder, model, tokenizer, torch.bfloat16, activation)
    model, tokenizer = load(folder)
    test = examples["test"]
    asked = candidates(test, 300, seed=4)
    index = BM25([p["body"] for p in test])
    bm25 = index.scores([test[q]["synopsis"] for q, _ in asked])
    lists = {
        "cross-encoder": rank_all(model, tokenizer, test, asked),
        "BM25": numpy.stack([bm25[row, chosen] for row, (_, chosen) in enumerate(asked)]),
    }
    both = [scores.argsort(1).argsort(1) for scores in lists.values()]
    lists["sum of both ranks"] = both[0] + both[1]
    say("chance: MRR %.4f" % numpy.mean([1 / n for n in range(1, 51)]))
    for title, scores in lists.items():
        ranks = [reciprocal_rank(s) for s in scores]
        easy = [reciprocal_rank(numpy.concatenate([s[:1], s[25:]])) for s in scores]
        first = numpy.mean([r > 0.99 for r in ranks])
        error = numpy.std(ranks) / math.sqrt(len(ranks))
        figures = (title, numpy.mean(ranks), error, first, numpy.mean(easy))
        say("%s: MRR %.4f +- %.4f, first %.4f; against the 25 random ones alone MRR %.4f" % figures)


def main():
    parser = argparse.ArgumentParser(description="Trains the small models of Tests/Fixtures/models.")
    parser.add_argument("model", choices=["sections", "reranker"])
    parser.add_argument("--minutes", type=float, default=14, help="the longest the training itself may take")
    parser.add_argument("--evaluate", action="store_true", help="measure the stored model, train nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    packages = debian_descriptions.packages(debian_descriptions.fetch())
    (sections if arguments.model == "sections" else reranker)(packages, arguments.minutes, arguments.evaluate)


if __name__ == "__main__":
    main()
