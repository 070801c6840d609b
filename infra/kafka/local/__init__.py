"""An Apache Kafka of our own on loopback: its programs, one node, a cluster of one or three."""
