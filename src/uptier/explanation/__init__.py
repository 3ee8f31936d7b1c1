"""Explanations: shares of probability, sentences true for the account, reasons, and the brief."""
