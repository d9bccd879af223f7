"""The signer's own token at the browser: a small program on the signer's machine that signs what a paired site asks
for, after asking the person. `python -m signing agent`."""

#: where sites look for it on the machine their page is open on
PORT = 18273
