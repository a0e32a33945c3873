"""View models: what a screen says, in words and numbers, ready to be shown; no markup, no rule."""
