"""What makes a Keras model one of graphs, an idea a file."""
