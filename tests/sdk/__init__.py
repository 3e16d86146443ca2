"""Functions that record with a tracer of their own, under the real runtime client, with the layer and without."""
