"""A shopping basket. Prices are in cents."""

DISCOUNT_FROM = 10_000
DISCOUNT_PERCENT = 10


class Basket:
    def __init__(self):
        self._items = []

    def add(self, name, price, quantity=1):
        if price < 0 or quantity < 1:
            raise ValueError(f"cannot add {quantity} x {name!r} at {price}")
        self._items.append((name, price, quantity))

    def subtotal(self):
        return sum(price * quantity for _, price, quantity in self._items)

    def total(self):
        """The subtotal, less 10 % from 100.00 on."""
        subtotal = self.subtotal()
        if subtotal > DISCOUNT_FROM:
            return subtotal - subtotal * DISCOUNT_PERCENT // 100
        return subtotal
