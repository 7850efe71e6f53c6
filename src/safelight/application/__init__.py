"""Use cases: what people, agents, targets' clients and time can make happen. ``services.py`` lists them."""
