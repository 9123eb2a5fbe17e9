"""Replicas of a storage service with fast reject: from a predictor's latency to that of reads."""
