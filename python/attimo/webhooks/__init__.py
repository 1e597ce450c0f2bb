"""How a message is delivered to a webhook: address, signature, one request, the pause after it.

Nothing here knows the database; `serve/deliveries.py` decides what is delivered.
"""
