"""What may come in: the judge, its fast twin and the Arrow columns, all derived from the declarations."""
