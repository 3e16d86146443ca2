"""What works on the project rather than in it: packing the layer, publishing it."""
