"""`creche backup`: a copy one can start from."""


def test_the_copy_is_a_database_that_the_doctor_finds_healthy(creche, work, tmp_path):
    creche("enqueue", "greet")
    work()
    copy = tmp_path / "copy.db"

    ended = creche("backup", str(copy), "--json")

    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {"file": str(copy), "bytes": copy.stat().st_size}
    examined = creche("doctor", "--json", "--db", f"sqlite:///{copy}")
    assert examined.code == 0
    listed = creche("jobs", "list", "--json", "--db", f"sqlite:///{copy}").out
    assert "greet" in listed


def test_a_second_backup_to_the_same_file_is_refused(creche, tmp_path):
    creche("enqueue", "greet")
    assert creche("backup", str(tmp_path / "copy.db")).code == 0

    again = creche("backup", str(tmp_path / "copy.db"))

    assert again.code == 2
    assert "never overwrites" in again.err


def test_without_a_database_there_is_nothing_to_copy(creche, path, tmp_path):
    ended = creche("backup", str(tmp_path / "copy.db"))

    assert ended.code == 2
    assert "there is no database" in ended.err
    assert not path.exists()
    assert not (tmp_path / "copy.db").exists()
