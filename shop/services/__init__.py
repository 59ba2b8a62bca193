"""What the shop uses of the outside world: money, mail, paper, warehouse. Simulated unless set otherwise."""
