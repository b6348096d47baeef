"""The review station: people settle, in a browser and by keyboard, what the machine was not sure of."""
