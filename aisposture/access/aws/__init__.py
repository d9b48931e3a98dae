"""The law of AWS: policy documents, matching, conditions and the decision over all layers."""
