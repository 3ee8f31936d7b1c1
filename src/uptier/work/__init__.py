"""What the verbs of a project are made of: its data opened once, what a run would do, what it gave, and erasing."""
