"""Strip: what stands in an article's text and is not the article."""
