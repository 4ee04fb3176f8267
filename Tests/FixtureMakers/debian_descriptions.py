"""Debian's package descriptions, for the scripts beside this file. Runs on Debian, with apt's own configuration.

`fetch` brings the package index and the translations of the descriptions into a folder of its own (by default under
.venv, git-ignored) and leaves the machine's lists alone. It needs no root and installs nothing. The sources are those
apt has: made with Debian 12 (bookworm).
"""

import glob
import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, ".venv", "debian-lists")
LANGUAGES = "en de fr ja ru es it zh_CN zh_TW pl pt_BR cs uk ko da sv vi tr el hu fi nl sk ca eu km eo sr".split()


def fetch(folder=FOLDER):
    """Downloads the lists (37 MB) unless the folder has them. Returns the folder."""
    if glob.glob(os.path.join(folder, "*_main_i18n_Translation-en*")):
        return folder
    os.makedirs(os.path.join(folder, "partial"), exist_ok=True)
    command = ["apt-get", "-q", "-o", "Dir::State::Lists=" + folder, "-o", "APT::Sandbox::User="]
    command += ["-o", "Acquire::Languages=" + ",".join(LANGUAGES), "-o", "Debug::NoLocking=true", "update"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or not glob.glob(os.path.join(folder, "*_main_i18n_Translation-en*")):
        sys.exit("apt-get update failed:\n" + done.stderr)
    return folder


def stanzas(path):
    """The paragraphs of one list as dictionaries; continued lines keep their line ends."""
    # apt keeps its lists packed; its helper reads whatever it packed them with.
    text = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", path], capture_output=True, check=True).stdout
    for block in text.decode().split("\n\n"):
        fields, key = {}, None
        for line in block.split("\n"):
            if line[:1] == " " and key:
                fields[key] += "\n" + line
            elif ":" in line:
                key, value = line.split(":", 1)
                fields[key] = value.strip()
        if fields:
            yield fields


def lists(folder, kind):
    """Paths of the main release's lists of a kind, such as `binary-amd64_Packages` or `i18n_Translation-de`."""
    found = [p for p in glob.glob(os.path.join(folder, "*_main_" + kind + "*")) if not p.endswith(".diff_Index")]
    return [p for p in found if "-updates_" not in p and "-security_" not in p]


def text_of(description):
    """(synopsis, body) of a Description field: wrapped lines joined, paragraphs separated by one line end."""
    synopsis, _, rest = description.partition("\n")
    paragraphs, lines = [], []
    for line in rest.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        if line.strip() == ".":
            paragraphs.append(" ".join(lines))
            lines = []
        else:
            lines.append(line.strip())
    paragraphs.append(" ".join(lines))
    return synopsis.strip(), "\n".join(p for p in paragraphs if p)


def translations(folder, language):
    """(package, synopsis, body) for each package that a language has."""
    for path in lists(folder, "i18n_Translation-" + language.replace("_", "%5f")):
        for fields in stanzas(path):
            for key, value in fields.items():
                if key.startswith("Description-") and key != "Description-md5":
                    yield (fields["Package"], *text_of(value))


def packages(folder):
    """Every binary package with its English texts: dictionaries of package, source, section, synopsis, body."""
    texts = {package: (synopsis, body) for package, synopsis, body in translations(folder, "en")}
    out = []
    for path in lists(folder, "binary-amd64_Packages"):
        for fields in stanzas(path):
            name = fields["Package"]
            if name in texts and "Section" in fields:
                source = fields.get("Source", name).split(" ")[0]
                synopsis, body = texts[name]
                out.append(
                    {"package": name, "source": source, "section": fields["Section"], "synopsis": synopsis, "body": body}
                )
    out.sort(key=lambda p: p["package"])
    return out


def split_of(source):
    """train (80 %), validation (10 %) or test (10 %), by a hash of the source package's name and nothing else."""
    number = hashlib.sha256(source.encode()).digest()[0] % 10
    return "test" if number == 0 else "validation" if number == 1 else "train"
