"""Looks at finished work before it counts as finished."""
