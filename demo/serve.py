"""Runs an exported model as a server would: TensorFlow alone, `gnn` out of reach.

python demo/serve.py MODEL PIXELS.npy LOGITS.npy
"""

import sys

# From here on `import gnn` raises, even where it is installed: nothing of it is needed to serve.
sys.modules["gnn"] = None  # type: ignore[assignment]

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402


def main() -> None:
    """Loads the model, applies it to the pixels and writes the logits."""
    model_folder, pixels_file, logits_file = sys.argv[1:]
    serve = tf.saved_model.load(model_folder).signatures["serving_default"]
    logits = serve(pixels=tf.constant(np.load(pixels_file)))["outputs"]
    np.save(logits_file, logits.numpy())


if __name__ == "__main__":
    main()
