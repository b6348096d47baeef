"""From corrections to a challenger, and past the gate or not."""
