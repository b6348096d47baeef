"""Draws sample forms, fills them in by hand and scans them. `python -m sample_docs.generator` writes them all.

paper     a sheet to print on          survey giro cheque exam   the four forms
design    what a form is               answers samples           what is written, and in which file
fill      digits, ticks and scrawl     scanner files             scans, and the bytes of files
drawing   samples to bytes             truth                     truth.csv and README
"""
