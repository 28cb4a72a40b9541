"""Media or evidence in, one annotation out. Models stay behind narrow seams in models/."""
