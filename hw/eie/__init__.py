"""EIE, the sparse inference engine of Han et al. (ISCA 2016), as synthesisable components."""
