"""What members write for each other: drafts, posts, and the talk about them."""
