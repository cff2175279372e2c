"""Earlier name of `isthmus.benchmarks.work.prepare_files`, by which a gate runs any revision's."""

from isthmus.benchmarks.work.prepare_files import main
from isthmus.system import command

if __name__ == "__main__":
    command.run(main)
