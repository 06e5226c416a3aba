"""Documents for people: CSV to script against; workbooks to read, sort and print; pages, slides, texts.

All of them are plain: no formula, no macro, the same bytes for the same tables. Text from a file is
cleaned, and kept from being taken for a formula or for markup. Each kind is a file here, imported
where it is written: a decision need not wait for what writes slides.
"""
