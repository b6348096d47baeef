"""Sample forms and cheques, their templates and what is written on them; all drawn by `sample_docs.generator`."""
