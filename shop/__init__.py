"""The sample application: an online shop whose orders are processed in the background.

It uses the runtime only through its public doors: `shop/app.py` declares what
runs, the domain functions take a transaction, the handlers take a context.
"""
