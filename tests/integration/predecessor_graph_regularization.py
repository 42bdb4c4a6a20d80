"""A classifier of Cora's papers with graph regularization, as the predecessor's users wrote it."""

import functools

import tensorflow as tf
from absl import app, flags

import gnn
from gnn import nsl

flags.DEFINE_string("train_examples_path", None, "Where the training examples are.")
flags.DEFINE_string("eval_examples_path", None, "Where the examples to evaluate on are.")

FLAGS = flags.FLAGS


class NodeClassifier(tf.keras.Model):
    """Two hidden layers over bags of words."""

    def __init__(self, seq_length, num_classes, hidden_units=None, dropout_rate=0.5, **kwargs):
        inputs = tf.keras.Input(shape=(seq_length,), dtype=tf.int64, name="words")
        x = tf.keras.layers.Lambda(lambda x: tf.cast(x, tf.float32))(inputs)
        for num_units in hidden_units or [50, 50]:
            x = tf.keras.layers.Dense(num_units, activation="relu")(x)
            x = tf.keras.layers.Dropout(dropout_rate)(x)
        outputs = tf.keras.layers.Dense(num_classes)(x)
        super().__init__(inputs, outputs, **kwargs)


def main(argv):
    """Trains on the one file and evaluates on the other."""
    del argv
    graph_reg_config = nsl.configs.GraphRegConfig(
        neighbor_config=nsl.configs.GraphNeighborConfig(max_neighbors=3),
        multiplier=0.1,
        distance_config=nsl.configs.DistanceConfig(
            distance_type=nsl.configs.DistanceType.L2,
            reduction=tf.compat.v1.losses.Reduction.NONE,
            sum_over_axis=-1,
        ),
    )
    train_dataset = gnn.make_cora_dataset(
        FLAGS.train_examples_path,
        shuffle=True,
        neighbor_config=graph_reg_config.neighbor_config,
    )
    eval_dataset = gnn.make_cora_dataset(FLAGS.eval_examples_path, batch_size=32)
    model = gnn.GraphRegularizationModel(
        config=graph_reg_config,
        node_model_fn=functools.partial(
            NodeClassifier,
            seq_length=tf.data.experimental.get_structure(train_dataset)[0]["words"].shape[-1],
            num_classes=7,
        ),
    )
    model.compile(
        optimizer=tf.keras.optimizers.Adam(),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            tf.keras.metrics.SparseCategoricalCrossentropy(from_logits=True),
            tf.keras.metrics.SparseCategoricalAccuracy(),
            tf.keras.metrics.SparseTopKCategoricalAccuracy(2),
        ],
    )
    model.fit(train_dataset, epochs=30, validation_data=eval_dataset)


if __name__ == "__main__":
    app.run(main)
