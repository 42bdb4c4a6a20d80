#!/usr/bin/env bash
# Finding: ParquetFile.iter_batches of PyArrow, which is there to read a file batch by batch, keeps
# all bytes that it has read until the last one: memory grows with the file.
#
# PyArrow 26.0.1, Python 3.11, Linux.
#
# A file of 20 row groups, 16 MB each of random integers, read 131,072 rows at a time; each batch is
# let go before the next. What PyArrow holds of memory at the last batch, and of the file:
#
#     ParquetFile(path)                       about 331 MB of 331
#     ParquetFile(path, pre_buffer=False)     less than 20 MB
#
# The reference says of `pre_buffer` that it coalesces reads on file systems of high latency; it is
# on by default, for local files too, and what is coalesced are the columns of all row groups that
# are asked for.
#
# What one would expect: the memory of a row group or two.
# Workaround: `pre_buffer=False`, or `iter_batches(row_groups=[i])` one by one.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy==2.4.6 pyarrow==26.0.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

rng = np.random.default_rng(0)
with pq.ParquetWriter("log.parquet", pa.schema([("session", pa.int64())])) as writer:
    for _ in range(20):
        writer.write_table(pa.table({"session": rng.integers(0, 2**62, 2_000_000)}))
size = os.path.getsize("log.parquet")


def held_at_the_end(**options):
    file = pq.ParquetFile("log.parquet", **options)
    for batch in file.iter_batches(1 << 17):
        held = pa.total_allocated_bytes()
        del batch
    return held


kept, freed = held_at_the_end(), held_at_the_end(pre_buffer=False)
print("pyarrow", pa.__version__)
print(f"the file: {size / 1e6:.0f} MB")
print(f"held at the last batch: {kept / 1e6:.0f} MB; with pre_buffer=False: {freed / 1e6:.0f} MB")
if not (kept > 0.9 * size and freed < 0.1 * size):
    print("the behavior has changed; nearly all of the file was held, and nearly nothing without")
    sys.exit(1)
print("as found: the whole file is in memory at the last batch")
PYTHON
