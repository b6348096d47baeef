"""From scanned documents to fields with values, confidences and decisions."""
