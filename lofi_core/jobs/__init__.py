"""The job engine: a queue of paused generators and the threads that run them."""
