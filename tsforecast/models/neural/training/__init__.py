"""How networks are trained: one LightningModule, one recipe."""
