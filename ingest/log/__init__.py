"""The log on Kafka: its topics, writing to it, reading it alone or as a member of a group."""
