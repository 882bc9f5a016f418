"""Runs a program on a terminal of its own: terminal.py ROWS COLUMNS PROGRAM...

Each line of standard input is JSON: {"type": TEXT} is typed, {"rows": R, "columns": C} is its new size.
What the program writes goes to standard output. At its end one line of JSON on standard error says how
it ended and in which mode it left the terminal."""
import fcntl, json, os, pty, select, struct, sys, termios


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


rows, columns, *program = sys.argv[1:]
terminal, other = pty.openpty()
resize(terminal, int(rows), int(columns))
pid = os.fork()
if pid == 0:
    os.login_tty(other)
    os.execvp(program[0], program)
pending = b""
inputs = [0, terminal]
while True:
    ready, _, _ = select.select(inputs, [], [], 0.05)
    if terminal in ready:
        os.write(1, os.read(terminal, 65536))
    if 0 in ready:
        read = os.read(0, 65536)
        if not read:
            inputs.remove(0)
        *lines, pending = (pending + read).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "type" in order:
                os.write(terminal, order["type"].encode())
            else:
                resize(terminal, order["rows"], order["columns"])
    if not ready:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            modes = termios.tcgetattr(terminal)[3]
            cooked = bool(modes & termios.ICANON and modes & termios.ECHO)
            code = os.waitstatus_to_exitcode(status)
            print(json.dumps({"code": code, "cooked": cooked}), file=sys.stderr)
            sys.exit(0)
