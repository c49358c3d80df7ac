import unittest

from basket import Basket


class BasketTest(unittest.TestCase):
    def test_an_empty_basket_costs_nothing(self):
        self.assertEqual(Basket().total(), 0)

    def test_quantities_count(self):
        basket = Basket()
        basket.add("tea", 450, quantity=3)
        self.assertEqual(basket.total(), 1_350)

    def test_the_discount_begins_at_exactly_100(self):
        basket = Basket()
        basket.add("kettle", 10_000)
        self.assertEqual(basket.total(), 9_000)

    def test_above_100_the_discount_applies(self):
        basket = Basket()
        basket.add("kettle", 10_000)
        basket.add("tea", 450)
        self.assertEqual(basket.total(), 9_405)


if __name__ == "__main__":
    unittest.main()
