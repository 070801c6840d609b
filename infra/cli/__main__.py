"""``python -m opsledger.infra.cli``: the command line without its script."""

from opsledger.infra.cli.main import main

main()
