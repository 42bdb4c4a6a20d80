"""A classifier of texts with graph regularization, as the predecessor's users wrote it."""

import numpy as np
import tensorflow as tf

from gnn import nsl

LENGTH, VOCABULARY, NEIGHBORS = 12, 60, 2


def _bytes_feature(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode("utf-8")]))


def _int64_feature(values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _float_feature(values):
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def write_examples(path, rows):
    """Writes examples, a dict of features each."""
    with tf.io.TFRecordWriter(path) as writer:
        for row in rows:
            example = tf.train.Example(features=tf.train.Features(feature=row))
            writer.write(example.SerializeToString())


def write_embeddings(path, texts, embed):
    """Writes an embedding of every text."""
    write_examples(
        path,
        (
            {"id": _bytes_feature(str(number)), "embedding": _float_feature(embed(text))}
            for number, text in enumerate(texts)
        ),
    )


def write_texts(path, texts, labels, first):
    """Writes the words of every text, and its label."""
    write_examples(
        path,
        (
            {
                "id": _bytes_feature(str(first + number)),
                "words": _int64_feature(text),
                "label": _int64_feature([label]),
            }
            for number, (text, label) in enumerate(zip(texts, labels, strict=True))
        ),
    )


def pad_sequence(sequence):
    """The words of a text as `LENGTH` numbers."""
    missing = tf.maximum([0], LENGTH - tf.shape(sequence)[0])
    padded = tf.concat([sequence.values, tf.fill(missing, tf.cast(0, sequence.dtype))], axis=0)
    return tf.slice(padded, [0], [LENGTH])


def make_dataset(path, training=False):
    """Batches of texts; in training, with their neighbors."""

    def parse_example(record):
        spec = {
            "words": tf.io.VarLenFeature(tf.int64),
            "label": tf.io.FixedLenFeature((), tf.int64, default_value=-1),
        }
        for i in range(NEIGHBORS if training else 0):
            spec[f"NL_nbr_{i}_words"] = tf.io.VarLenFeature(tf.int64)
            spec[f"NL_nbr_{i}_weight"] = tf.io.FixedLenFeature(
                [1], tf.float32, default_value=tf.constant([0.0])
            )
        features = tf.io.parse_single_example(record, spec)
        for name in [name for name in features if name.endswith("words")]:
            features[name] = pad_sequence(features[name])
        return features, features.pop("label")

    dataset = tf.data.TFRecordDataset([path])
    if training:
        dataset = dataset.shuffle(1000)
    return dataset.map(parse_example).batch(16)


def make_bilstm_model():
    """Words to one logit."""
    inputs = tf.keras.Input(shape=(LENGTH,), dtype="int64", name="words")
    x = tf.keras.layers.Embedding(VOCABULARY, 4)(inputs)
    x = tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(4))(x)
    x = tf.keras.layers.Dense(8, activation="relu")(x)
    return tf.keras.Model(inputs=inputs, outputs=tf.keras.layers.Dense(1)(x))


def main(folder, texts, labels, embed, epochs=2):
    """Builds the graph of the first two thirds of the texts and trains on them."""
    folder, count = str(folder), 2 * len(texts) // 3
    write_embeddings(f"{folder}/embeddings.tfr", texts[:count], embed)
    nsl.tools.build_graph_from_config(
        [f"{folder}/embeddings.tfr"],
        f"{folder}/graph.tsv",
        nsl.configs.GraphBuilderConfig(
            similarity_threshold=0.8, lsh_splits=2, lsh_rounds=4, random_seed=12345
        ),
    )
    write_texts(f"{folder}/train.tfr", texts[:count], labels[:count], 0)
    write_texts(f"{folder}/test.tfr", texts[count:], labels[count:], count)
    nsl.tools.pack_nbrs(
        f"{folder}/train.tfr",
        "",
        f"{folder}/graph.tsv",
        f"{folder}/packed.tfr",
        add_undirected_edges=True,
        max_nbrs=3,
    )
    train = make_dataset(f"{folder}/packed.tfr", training=True)
    validation, train = train.take(1), train.skip(1)
    test = make_dataset(f"{folder}/test.tfr")

    config = nsl.configs.make_graph_reg_config(
        max_neighbors=NEIGHBORS,
        multiplier=0.1,
        distance_type=nsl.configs.DistanceType.L2,
        sum_over_axis=-1,
    )
    model = nsl.keras.GraphRegularization(make_bilstm_model(), config)
    model.compile(
        optimizer="adam",
        loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(train, validation_data=validation, epochs=epochs, verbose=0)
    return {
        "model": model,
        "history": history.history,
        "results": model.evaluate(test, steps=None, verbose=0),
        "graph": nsl.tools.read_tsv_graph(f"{folder}/graph.tsv"),
    }


if __name__ == "__main__":
    import tempfile

    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 60)
    written = [rng.integers(2, 30, 10) + 28 * kind for kind in kinds]
    with tempfile.TemporaryDirectory() as place:
        print(main(place, written, kinds, lambda text: np.bincount(text, minlength=VOCABULARY)))
