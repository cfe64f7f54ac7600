"""Training of networks: one LightningModule, and one recipe for all forecasters."""
