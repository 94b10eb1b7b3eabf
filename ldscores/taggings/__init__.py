"""The contract with sumh2: LD scores of every category, with totals; files of three programs."""
