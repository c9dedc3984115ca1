"""The grammar of build files; a package so that it is installed with the program."""
