"""Channel plans, partners, what-if and evaluation: where worlds, money and rules meet."""
