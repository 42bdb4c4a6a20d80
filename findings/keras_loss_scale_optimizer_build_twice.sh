#!/usr/bin/env bash
# Finding: building a Keras LossScaleOptimizer a second time resets its loss scale and makes two
# variables more; the file that is saved after that loads with the first loss scale again.
#
# Keras 3.15.1, TensorFlow 2.21.0, Python 3.11, CPU.
#
# `optimizer.build(variables)` is public, and Keras' messages advise to call it ("You can build it
# via `optimizer.build(trainable_variables)`"). Adam, built again, keeps its state: six variables
# before and after. LossScaleOptimizer, which `compile` puts around any optimizer under
# mixed_float16, begins anew with 2 ** 15 and orphans its old variables in `optimizer.variables`:
#
#     Adam                before:  6 variables, 2 iterations;             after:  6 variables, 2 iterations
#     LossScaleOptimizer  before: 10 variables, 2 iterations, scale 4;    after: 12 variables, 2 iterations, scale 32768
#     saved and loaded:   a warning, "Skipping variable loading for optimizer 'loss_scale_optimizer',
#                         because it has 10 variables whereas the saved optimizer has 12 variables.",
#                         and scale 32768 (the inner Adam is read apart, and keeps its state).
#
# What one would expect: a second build does nothing, as of Adam, SGD and others.
# Workaround: build only where `optimizer.built` is False.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet keras==3.15.1 tensorflow==2.21.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= "$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings

import keras
import numpy as np


def trained():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(), "mse")
    model.fit(np.ones((8, 2), "float32"), np.ones((8, 1), "float32"), epochs=2, verbose=0)
    return model


def state(optimizer):
    scale = getattr(optimizer, "dynamic_scale", None)
    scale = None if scale is None else float(scale)
    return len(optimizer.variables), int(optimizer.iterations), scale


found = {}
model = trained()
found["Adam before"] = state(model.optimizer)
model.optimizer.build(model.trainable_variables)
found["Adam after"] = state(model.optimizer)

keras.config.set_dtype_policy("mixed_float16")
model = trained()
model.optimizer.dynamic_scale.assign(4.0)
found["LossScaleOptimizer before"] = state(model.optimizer)
model.optimizer.build(model.trainable_variables)
found["LossScaleOptimizer after"] = state(model.optimizer)
model.save("model.keras")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loaded = keras.models.load_model("model.keras")
found["loaded"] = state(loaded.optimizer)
warned = [str(w.message) for w in caught if "Skipping variable loading" in str(w.message)]
found["warnings"] = len(warned)

expected = {
    "Adam before": (6, 2, None),
    "Adam after": (6, 2, None),
    "LossScaleOptimizer before": (10, 2, 4.0),
    "LossScaleOptimizer after": (12, 2, 32768.0),
    "loaded": (10, 2, 32768.0),
    "warnings": 1,
}
print("keras", keras.__version__)
for name, value in found.items():
    print(f"{name}: {value}")
print(*warned, sep="\n")
if found != expected:
    print("the behavior has changed; it was", expected)
    sys.exit(1)
print("as found: a second build resets the loss scale, and the saved file no longer has it")
PYTHON
