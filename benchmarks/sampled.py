"""Sampled training on a graph of ogbn-arxiv's size: nodes a second, and the sampler's share.

    python benchmarks/sampled.py --append benchmarks/results/sampled.jsonl
    python benchmarks/sampled.py --table benchmarks/results/sampled.jsonl

Fan-out (15, 10), batches of 1,024 rows with each node once, two GraphSAGE layers of 256 units. Four
times, in turn, a batch: the sampler alone, iterated without a model; a training step on batches
held in memory; the step of a `fit` that samples as it goes, prefetched. The sampler's share of that
step is the part that the model waits: 1 - (step in memory) / (step of fit).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from engine import ARXIV_CLASSES, arxiv_size

import gnn

FANOUT, BATCH_SIZE, BATCHES = (15, 10), 1024, 20


def measure() -> dict[str, float]:
    """The figures of one run."""
    arrays = arxiv_size()
    graph = gnn.Graph.from_edges(
        arrays["senders"],
        arrays["receivers"],
        arrays["features"],
        labels=arrays["labels"],
        splits={"train": arrays["train"][: BATCHES * BATCH_SIZE]},
        merge="keep",
    )
    data = gnn.data.neighborhoods(
        graph, "train", batch_size=BATCH_SIZE, fanout=FANOUT, shuffle=True, seed=0, merge=True
    )
    keras.utils.set_random_seed(0)
    model = gnn.models.SAGENodeClassifier(num_classes=ARXIV_CLASSES, hidden_units=256)
    model.compile(
        keras.optimizers.Adam(0.003),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(data.take(3), epochs=1, verbose=0)
    held = list(data)
    nodes = [int(inputs["n_node"][0]) for inputs, _ in held]
    in_memory = tf.data.Dataset.from_generator(
        lambda: iter(held), output_signature=data.element_spec
    )
    in_memory = in_memory.apply(tf.data.experimental.assert_cardinality(len(held)))
    times: dict[str, list[float]] = {"sampler": [], "memory": [], "fit": []}
    for _ in range(3):
        start = time.perf_counter()
        for _ in data:
            pass
        times["sampler"].append(time.perf_counter() - start)
        for name, batches in (("memory", in_memory), ("fit", data)):
            start = time.perf_counter()
            model.fit(batches, epochs=1, verbose=0)
            times[name].append(time.perf_counter() - start)
    sampler, memory, fit = (statistics.median(each) / BATCHES for each in times.values())
    return {
        "sampler_ms": 1000 * sampler,
        "step_in_memory_ms": 1000 * memory,
        "step_of_fit_ms": 1000 * fit,
        "share": 1 - memory / fit,
        "nodes_a_batch": statistics.mean(nodes),
        "nodes_sampled_a_second": statistics.mean(nodes) / sampler,
        "nodes_trained_a_second": statistics.mean(nodes) / fit,
        "rows_trained_a_second": BATCH_SIZE / fit,
    }


def main() -> None:
    """Measures once, or prints the medians of a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", metavar="FILE")
    parser.add_argument("--table", metavar="FILE")
    given = parser.parse_args()
    if given.table:
        with open(given.table, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        print("| figure | median | range |\n| --- | --- | --- |")
        for name in lines[0]:
            if name not in ("date", "load_before"):
                values = [line[name] for line in lines]
                print(
                    f"| {name} | {statistics.median(values):.4g} | "
                    f"{min(values):.4g} to {max(values):.4g} |"
                )
        return
    load = os.getloadavg()[0]
    line = {name: round(value, 4) for name, value in measure().items()}
    line |= {"load_before": load, "date": time.strftime("%Y-%m-%d")}
    print(json.dumps(line))
    if given.append:
        with open(given.append, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
