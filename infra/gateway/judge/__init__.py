"""Judges statements before anything analyses or runs them: by what the engine itself reads in them, and by lists."""
