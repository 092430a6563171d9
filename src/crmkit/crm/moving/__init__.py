"""Moving all that a CRM keeps: into a backup, out of one, from one store to another.

``source`` says what there is to move and reads it; ``backup_file`` is the portable form of it; ``filling`` brings it into a
store, and goes on where it was killed; ``verbs`` are what a CRM shows of this.
"""
