"""A copy of the model with one byte of its weights changed: another fingerprint, and other bits of every answer."""

import json
import os
import shutil
import struct

import programs

TENSOR = "encoder.layer.5.output.LayerNorm.weight"  # Every answer depends on it.


def make_other(other: str) -> str:
    """A folder with it."""
    shutil.copytree(programs.MODEL, other)
    with open(os.path.join(other, "model.safetensors"), "r+b") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        begin = json.loads(file.read(length))[TENSOR]["data_offsets"][0]
        file.seek(8 + length + begin + 2)  # of a little-endian f32: the upper bits of its fraction
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0x40]))
    return other
