"""PDF signatures as Vietnamese official documents need them, on pyHanko.

`signing.keys` opens keys, `signing.sign` signs, `signing.appearance` and `signing.placement` draw and place what is
seen, `signing.verify` gives a verdict and `signing.sentences` says it in Vietnamese or English. `signing.testing` is a
working demonstration PKI with time stamps, OCSP and CRLs. Nothing here knows an application.
"""
