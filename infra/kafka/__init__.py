"""Kafka for the product: where it is, how it is talked to, a local cluster, its topics made and checked."""
