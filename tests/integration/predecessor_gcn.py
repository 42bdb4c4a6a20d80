"""A graph convolutional classifier of Cora's papers, as the predecessor's users wrote it."""

import tensorflow as tf
from absl import app, flags

import gnn
from gnn import nsl

flags.DEFINE_string("train_examples_path", None, "Where the training examples are.")
flags.DEFINE_string("eval_examples_path", None, "Where the examples to evaluate on are.")

FLAGS = flags.FLAGS


def main(argv):
    """Trains on the one file and evaluates on the other, both with neighbors."""
    del argv
    neighbor_config = nsl.configs.GraphNeighborConfig(max_neighbors=3)
    train_dataset = gnn.make_cora_dataset(
        FLAGS.train_examples_path, shuffle=True, neighbor_config=neighbor_config
    )
    eval_dataset = gnn.make_cora_dataset(FLAGS.eval_examples_path, batch_size=32)
    model = gnn.GraphConvolutionalNodeClassifier(
        seq_length=tf.data.experimental.get_structure(train_dataset)[0]["words"].shape[-1],
        num_classes=7,
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
