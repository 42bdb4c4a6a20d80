"""A classifier of digits with adversarial regularization, as the predecessor's users wrote it."""

import os

import numpy as np
import tensorflow as tf

from gnn import nsl

BATCH_SIZE = 32


def read_digits(count):
    """Images of digits, pixels from 0 to 1, and labels; the first half is to learn from."""
    with np.load(os.path.join(os.environ["GNN_DATA_DIR"], "mnist10k.npz")) as file:
        chosen = np.random.default_rng(0).permutation(len(file["labels"]))[:count]
        images = file["images"][chosen].reshape(-1, 28, 28, 1) / np.float32(255.0)
        return images, file["labels"][chosen].astype(np.int64)


def as_pairs(images, labels):
    """A data set as Keras takes it."""
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH_SIZE)


def as_dicts(image, label):
    """A batch with the labels among the inputs."""
    return {"image": image, "label": label}


def build_base_model():
    """A small convolutional network."""
    inputs = tf.keras.Input(shape=(28, 28, 1), dtype=tf.float32, name="image")
    x = tf.keras.layers.Conv2D(8, (3, 3), strides=2, activation="relu")(inputs)
    x = tf.keras.layers.MaxPooling2D((2, 2))(x)
    x = tf.keras.layers.Flatten()(x)
    return tf.keras.Model(inputs=inputs, outputs=tf.keras.layers.Dense(10)(x))


def compiled(model):
    """The model, ready to be trained."""
    model.compile(
        optimizer=tf.keras.optimizers.Adam(0.01),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["acc"],
    )
    return model


def main(count=512, epochs=2):
    """Trains two models, one of them regularized, and attacks both."""
    images, labels = read_digits(count)
    half = count // 2
    train = as_pairs(images[:half], labels[:half])
    test = as_pairs(images[half:], labels[half:])

    base_model = compiled(build_base_model())
    base_model.fit(train, epochs=epochs, shuffle=False, verbose=0)

    adv_config = nsl.configs.make_adv_reg_config(
        multiplier=0.2, adv_step_size=0.2, adv_grad_norm="infinity"
    )
    adv_model = compiled(
        nsl.keras.AdversarialRegularization(
            build_base_model(), label_keys=["label"], adv_config=adv_config
        )
    )
    history = adv_model.fit(train.map(as_dicts), epochs=epochs, verbose=0)
    results = adv_model.evaluate(test.map(as_dicts), verbose=0)
    named_results = dict(zip(adv_model.metrics_names, results, strict=False))

    reference_model = compiled(
        nsl.keras.AdversarialRegularization(base_model, label_keys=["label"], adv_config=adv_config)
    )
    models = {"base": base_model, "regularized": adv_model.base_model}
    accuracies = {name: tf.keras.metrics.SparseCategoricalAccuracy() for name in models}
    moves = []
    for batch in test.map(as_dicts):
        perturbed = reference_model.perturb_on_batch(batch)
        moves.append(np.abs(perturbed["image"] - batch["image"]).max())
        perturbed["image"] = tf.clip_by_value(perturbed["image"], 0.0, 1.0)
        truth = perturbed.pop("label")
        for name, model in models.items():
            accuracies[name](truth, model(perturbed))
    return {
        "history": history.history,
        "results": named_results,
        "accuracies": {name: float(metric.result()) for name, metric in accuracies.items()},
        "moves": moves,
        "model": adv_model,
        "test": (images[half:], labels[half:]),
    }


if __name__ == "__main__":
    print(main(count=10000, epochs=5))
