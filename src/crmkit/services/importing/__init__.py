"""Importing: files of rows become records. ``service.Importing`` has the verbs.

Its upper half knows the CRM: ``kinds`` (what rows can become), ``batches`` (rows that are kept together), ``references``
(records that rows name), ``keeping`` and the special keepers (from rows to records), ``results``. Its lower half knows files and values, and no store. In the order of use::

    mapping = read_mapping(path_of_toml, targets)  # mapping: or by_name.mapping_by_name(table.header, targets)
    table = open_table(path, mapping.file, wanted=mapping.wanted)  # reading
    reader = row_reader(mapping, table, targets, Defaults(time_zone="Europe/Amsterdam", currency="EUR"))  # rows
    with RejectWriter(reject_path(path), table) as rejects:  # rejects
        for row in table.rows():
            if isinstance(row, BadRow):
                rejects.write(row)
                continue
            values, problems = reader.read(row[1])
            if problems:
                rejects.write(table.rejected(row, problems))

`targets` are `mapping.Target`s: fields of the record type (`Target.of_field`) and what belongs to it (`emails`, an
external id). Values are those of the fields; a reference is a `values.Lookup` to be found, an external id a
`values.ExternalKey`, a telephone number an `addresses.Phone`; a target of many is a tuple. What is wrong with a value
or a row is a `problems.Problem` (`code`, `params`, `column`; `message` in English), never an exception. What is wrong
with a file or a mapping is an `InvalidError`, raised before the first row is given, but for a file that ends inside
quotation marks, which is found when its end is reached.

`cells.InertWriter` writes CSV for exports: no cell of it is a formula to a spreadsheet, and reading gives back exactly
what was written (`cells.joined` for lists in a cell).
"""
