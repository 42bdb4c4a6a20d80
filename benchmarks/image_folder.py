"""Images read a second, beside Keras' `image_dataset_from_directory`.

    python benchmarks/image_folder.py --append benchmarks/results/image_folder.jsonl

JPEG files of 320 x 240, made with Pillow of noise and handwritten digits, to 224 x 224 in color, in
batches of 32. Both read all files in the same process, in turn; the least time of the repeats
counts. Memory is the peak of a process of its own, which reads all files once, above what it took
after its imports. The files are in the system's cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import peak_memory
import result_lines

import gnn

WIDTH, HEIGHT, SIZE, BATCH, FOLDERS, SEED = 320, 240, (224, 224), 32, 10, 0


def make(count: int, folder: Path) -> None:
    """Digits on noise, a subfolder a digit."""
    from PIL import Image
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(SEED)
    digits = load_digits()
    for digit in range(FOLDERS):
        (folder / str(digit)).mkdir()
    for number in range(count):
        place = number % len(digits.target)
        coarse = Image.fromarray(rng.integers(0, 160, (30, 40, 3)).astype(np.uint8))
        pixels = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)).astype(int)
        ink = Image.fromarray((digits.images[place] * 15).astype(np.uint8)).resize((200, 200))
        pixels[20:220, 60:260] += np.asarray(ink)[:, :, np.newaxis]
        pixels += rng.integers(-12, 12, pixels.shape)
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        image.save(folder / str(digits.target[place]) / f"{number:06}.jpg", quality=85)


def by_keras(folder: Path) -> int:
    images = keras.utils.image_dataset_from_directory(
        folder, image_size=SIZE, batch_size=BATCH, shuffle=False, verbose=False
    )
    return sum(int(batch.shape[0]) for batch, _ in images)


def by_gnn(folder: Path) -> int:
    graph = gnn.datasets.from_image_folder(folder, size=SIZE, channels=3, check=False)
    return sum(int(batch.shape[0]) for batch in graph.features["image"].batches(BATCH))


WAYS: dict[str, Callable[[Path], int]] = {"keras": by_keras, "gnn": by_gnn}


def measure(count: int, repeats: int) -> dict[str, Any]:
    """Seconds of both ways in turn, and the memory of each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(count, folder)
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(repeats):
            for way, read in WAYS.items():
                started = time.perf_counter()
                assert read(folder) == count
                seconds[way].append(time.perf_counter() - started)
        peaks = {way: _peak(way, folder) for way in WAYS}
        size = sum(path.stat().st_size for path in folder.rglob("*.jpg")) / count
    least = {way: min(times) for way, times in seconds.items()}
    return {
        **{f"{way}_per_s": round(count / least[way]) for way in WAYS},
        "ratio": round(least["keras"] / least["gnn"], 3),
        **{f"{way}_seconds": [round(value, 2) for value in seconds[way]] for way in WAYS},
        **{f"{way}_peak_mb": round(peaks[way]) for way in WAYS},
        "bytes_an_image": round(size),
        "load": round(os.getloadavg()[0], 2),
    }


def _peak(way: str, folder: Path) -> float:
    command = [sys.executable, __file__, "--one", way, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, folder = arguments.one
        _ = gnn.datasets  # Imported when first used.
        before = peak_memory.reset()
        WAYS[way](Path(folder))
        print(json.dumps(peak_memory.peak() - before))
        return
    wanted = [{"count": arguments.count, "repeats": arguments.repeats}]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
