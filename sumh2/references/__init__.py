"""Public reference data: a catalogue with checksums, a cache, safe downloads, packs for machines without internet.

`catalogue` says what there is, `cache_files` where it lies and whether it is whole, `get_files` brings it,
`download_files` and `unpack_files` do so safely, `content_files` proves what is inside, `pack_files` carries it on.
"""
