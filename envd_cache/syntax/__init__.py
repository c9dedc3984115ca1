"""The text of build files: scanning by string methods, and a tree by lark for those who need one."""
