"""What a shell command would read, write, delete, run and reach, and what of it is known.

Start with `analysis.analyse`; what it answers is in `parts`. What is known of programs is data, in
`config/defaults/commands/`.
"""
