"""The benchmark of fast reject: predictors, processors, and the tail of latencies."""
