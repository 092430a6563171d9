"""Importing: files of rows become records.

Its lower half, in this order, knows files and values and no store:

`reading.open_table(path, format, wanted=) -> Table`
    checks the whole file first (encoding, binary, empty, cut off gzip) and raises `InvalidError` for what makes it
    unreadable. `table.header` are its columns; `table.rows()` streams `(line, cells)` or `BadRow`, each time from the
    start. `table.rejected(row, problems) -> BadRow` refuses a good row.
`rejects.RejectWriter(reject_path(path), table)`
    `.write(bad_row)`, `.flush()`, `.count`; the file has the rows as they were and is imported again once mended.
`cells.InertWriter(file, header)`
    CSV for exports: no cell is a formula, and reading gives back exactly what was written.

Problems (`problems.Problem`) are values: `code`, `params`, `column`, and a `message` in English.
"""
