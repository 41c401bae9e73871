"""The handbook; a package so that ``python -m docs.generate`` can fill its generated parts."""
