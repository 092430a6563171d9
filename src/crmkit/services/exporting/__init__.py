"""Exporting: records become files that an import reads back as they were.

CSV is inert: no cell of it is a formula to a spreadsheet. JSON Lines has the values of ``crmkit.records.as_json``. Both
have the record's id, so that the same file imported again changes nothing, and what belongs to a record that an import
gives it: addresses, external ids.
"""
