"""Messages to webhooks: written with what they tell, and sent until they were taken."""
