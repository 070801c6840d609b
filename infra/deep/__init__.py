"""``doctor --deep``: all that is stored read and compared; what is damaged or does not agree is named, a finding each."""
