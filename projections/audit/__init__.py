"""Proofs and histories read from the ledger."""
