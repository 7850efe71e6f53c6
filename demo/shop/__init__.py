"""A sample shop: made-up customers, cards, addresses, orders and support notes, the same every time."""
