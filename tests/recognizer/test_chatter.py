import os
import subprocess
import sys

import pytest

from recognizer.chatter import without_chatter


def test_only_informing_lines_are_dropped(capfd):
    with without_chatter():
        os.write(2, b"INFO: Created a delegate.\nERROR: no such operator\n")
    os.write(2, b"INFO: later\n")
    assert capfd.readouterr().err == "ERROR: no such operator\nINFO: later\n"


def test_standard_error_is_back_after_an_exception(capfd):
    with pytest.raises(ZeroDivisionError), without_chatter():
        raise ZeroDivisionError
    os.write(2, b"still there\n")
    assert capfd.readouterr().err == "still there\n"


def test_a_closed_standard_error_is_no_hindrance():
    script = (
        "import os; os.close(2)\nfrom recognizer.chatter import without_chatter\nwith without_chatter(): print('ok')"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert answer.stdout == "ok\n"
