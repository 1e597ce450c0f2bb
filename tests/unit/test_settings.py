"""What is set, by whom, and what is refused."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attimo.errors import AttimoError, InvalidSetting, Misconfigured, UnknownSetting
from attimo.settings import NodeSettings, Settings, load
from attimo.settings.declared import OTHER_VARIABLES, declarations, flag, variable
from attimo.settings.values import Raw


def of(directory: Path, flags: dict[str, Raw | None] | None = None, **environ: str) -> Settings:
    """Load with this environment only; attimo.toml is looked for in `directory` only."""
    return load(flags, {"XDG_CONFIG_HOME": str(directory / "config")} | environ, directory)


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    found = of(tmp_path, XDG_DATA_HOME="/data")

    assert found.http == "127.0.0.1:8080"
    assert found.https == "127.0.0.1:8443"
    assert found.endpoint == "localhost"
    assert found.data_dir == Path("/data/attimo")
    assert found.memory >= 2**20
    assert found.threads >= 1
    assert found.local is False
    assert found.collect_seconds == 5
    assert set(found.origins.values()) == {"default"}


@pytest.mark.parametrize("data_home", ["", "relative/path"])
def test_the_data_lies_at_home_unless_xdg_names_a_place(tmp_path: Path, data_home: str) -> None:
    found = of(tmp_path, XDG_DATA_HOME=data_home)

    assert found.data_dir == Path.home() / ".local/share/attimo"


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(tmp_path: Path) -> None:
    file = write(tmp_path / "attimo.toml", 'endpoint = "file"\nthreads = 3\nlocal = true\n')
    found = of(
        tmp_path,
        {"endpoint": "flag", "memory": None},
        ATTIMO_ENDPOINT="variable",
        ATTIMO_THREADS="4",
    )

    assert (found.endpoint, found.origins["endpoint"]) == ("flag", "--endpoint")
    assert (found.threads, found.origins["threads"]) == (4, "ATTIMO_THREADS")
    assert (found.local, found.origins["local"]) == (True, str(file))
    assert found.origins["memory"] == "default"


def test_the_file_here_wins_over_the_file_at_home_and_a_named_one_over_both(
    tmp_path: Path,
) -> None:
    named = write(tmp_path / "named.toml", "threads = 1\n")
    write(tmp_path / "config/attimo/attimo.toml", "threads = 3\n")
    assert of(tmp_path).threads == 3
    write(tmp_path / "attimo.toml", "threads = 2\n")
    assert of(tmp_path).threads == 2
    assert of(tmp_path, ATTIMO_CONFIG=str(named)).threads == 1
    assert of(tmp_path, {"config": str(named)}, ATTIMO_CONFIG="/nowhere").threads == 1


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nowhere\.toml cannot be read: No such file"):
        of(tmp_path, {"config": str(tmp_path / "nowhere.toml")})


@pytest.mark.parametrize("text", ["threads =", "\0", "threads = 1\nthreads = 2"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    write(tmp_path / "attimo.toml", text)

    with pytest.raises(Misconfigured, match=r"attimo\.toml is not TOML"):
        of(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "attimo.toml").write_bytes(b"endpoint = '\xff'")

    with pytest.raises(Misconfigured, match=r"attimo\.toml is not TOML"):
        of(tmp_path)


def test_a_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "attimo.toml").symlink_to("/dev/zero")

    with pytest.raises(
        Misconfigured, match=r"attimo\.toml is not TOML: it has more than 1,048,576 b"
    ):
        of(tmp_path)


def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "attimo.toml")

    with pytest.raises(Misconfigured, match="it is a pipe, and nobody writes into it"):
        of(tmp_path)


def test_a_pipe_is_read_until_its_writer_ends(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    typed = f"sleep 0.2; echo 'threads = 3' >&{writer}"
    with subprocess.Popen(["bash", "-c", typed], pass_fds=[writer]), os.fdopen(reader):
        os.close(writer)
        assert of(tmp_path, {"config": f"/dev/fd/{reader}"}).threads == 3


def test_an_unknown_name_in_the_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "attimo.toml", "thread = 2\n")

    with pytest.raises(
        UnknownSetting, match=r"thread in .* is not a setting; did you mean threads"
    ):
        of(tmp_path)


def test_an_unknown_variable_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownSetting, match=r"ATTIMO_DATADIR .* did you mean ATTIMO_DATA_DIR\?"):
        of(tmp_path, ATTIMO_DATADIR="/data")


def test_an_unknown_flag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownSetting, match="memroy is not a setting; did you mean memory"):
        of(tmp_path, {"memroy": "1GiB"})


def test_the_variables_of_clients_may_stand_beside_the_settings(tmp_path: Path) -> None:
    of(tmp_path, None, **dict.fromkeys(OTHER_VARIABLES, ""))


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("https", "0.0.0.0:0", "0.0.0.0:0"),
        ("http", "[::1]:8080", "[::1]:8080"),
        ("http", "localhost:8080", "127.0.0.1:8080"),
        ("http", "127.0.0.1:08080", "127.0.0.1:8080"),
        ("https", "off", None),
        ("https", False, None),
        ("endpoint", "Cache.Example.com", "cache.example.com"),
        ("data_dir", "/data", Path("/data")),
        ("data_dir", "~/data", Path.home() / "data"),
        ("memory", "64MiB", 64 * 2**20),
        ("memory", 1073741824, 2**30),
        ("threads", "8", 8),
        ("threads", 8, 8),
        ("local", "true", True),
        ("local", "NO", False),
        ("local", True, True),
        ("collect_seconds", "0.5", 0.5),
        ("collect_seconds", 1, 1.0),
        ("allowed_origins", "*", ("*",)),
        ("allowed_origins", "off", ()),
        ("allowed_origins", False, ()),
        ("allowed_origins", "https://App.example:443", ("https://app.example",)),
        ("allowed_origins", "http://[::1]:3000,*", ("http://[::1]:3000", "*")),
        ("allowed_origins", "http://a:443, https://b:80", ("http://a:443", "https://b:80")),
        ("allowed_origins", "chrome-extension://abc", ("chrome-extension://abc",)),
    ],
)
def test_values_that_are_allowed(tmp_path: Path, name: str, raw: Raw, value: object) -> None:
    assert getattr(of(tmp_path, {name: raw}), name) == value


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("http", ""),
        ("http", "8080"),
        ("http", ":8080"),
        ("http", "127.0.0.1"),
        ("http", "127.0.0.1:"),
        ("http", "127.0.0.1:65536"),
        ("http", "127.0.0.1:-1"),
        ("http", "127.0.0.1:٣"),
        ("http", "::1:8080"),
        ("http", "[127.0.0.1]:8080"),
        ("http", "example.com:8080"),
        ("http", 8080),
        ("http", True),
        ("endpoint", ""),
        ("endpoint", "a b"),
        ("endpoint", "-a.com"),
        ("endpoint", "a..com"),
        ("endpoint", "localhost:8443"),
        ("endpoint", "10.0.0.1"),
        ("endpoint", "a." * 100 + "com"),
        ("data_dir", ""),
        ("data_dir", 1),
        ("memory", "much"),
        ("memory", "1 bit"),
        ("memory", "-1GiB"),
        ("memory", "1MB"),
        ("memory", 0),
        ("memory", True),
        ("memory", 1.5),
        ("memory", "9" * 20),
        ("item_bytes", "1023"),
        ("item_bytes", "1.1GiB"),
        ("element_bytes", 0),
        ("element_bytes", "1.1GiB"),
        ("topic_history_messages", "0"),
        ("topic_history_messages", "1000001"),
        ("topic_history_messages", "1.5"),
        ("topic_history_seconds", "0"),
        ("topic_history_bytes", "1023"),
        ("signup", "everybody"),
        ("smtp", "http://mail.example.com"),
        ("smtp", "smtp://"),
        ("mail_from", "nobody"),
        ("threads", "0"),
        ("threads", "1025"),
        ("threads", "two"),
        ("threads", 1.5),
        ("threads", True),
        ("local", "perhaps"),
        ("local", 2),
        ("collect_seconds", "0"),
        ("collect_seconds", "nan"),
        ("collect_seconds", "inf"),
        ("collect_seconds", True),
        ("allowed_origins", ""),
        ("allowed_origins", "null"),
        ("allowed_origins", "app.example"),
        ("allowed_origins", "https://app.example/"),
        ("allowed_origins", "https://*.example"),
        ("allowed_origins", "https://user@app.example"),
        ("allowed_origins", "https://a.example https://b.example"),
        ("allowed_origins", "https://a.example,"),
        ("allowed_origins", 1),
    ],
)
def test_a_value_that_is_not_allowed_names_its_source_and_what_is(
    tmp_path: Path, name: str, raw: Raw
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        of(tmp_path, {name: raw})

    allowed = declarations()[name].kind.allowed
    assert str(refused.value) == f"{flag(name)} is {raw!r}, but must be {allowed}"


def test_a_bad_value_is_blamed_on_the_variable_or_the_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="ATTIMO_THREADS is 'many', but must be auto, or"):
        of(tmp_path, ATTIMO_THREADS="many")
    write(tmp_path / "attimo.toml", "threads = []\n")
    with pytest.raises(InvalidSetting, match=r"threads in .*attimo\.toml is \[\], but must be"):
        of(tmp_path)


def test_a_server_without_a_door_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="http and https are off"):
        of(tmp_path, {"http": "off", "https": "off"})


def test_every_setting_is_shown_with_its_value_origin_and_help(tmp_path: Path) -> None:
    shown = of(tmp_path, {"https": "off"}, ATTIMO_LOCAL="1").shown()

    not_hidden = [name for name, declared in declarations().items() if not declared.hidden]
    assert [one.name for one in shown] == not_hidden
    by_name = {one.name: one for one in shown}
    assert (by_name["https"].value, by_name["https"].origin) == ("off", "--https")
    assert (by_name["local"].value, by_name["local"].origin) == ("true", "ATTIMO_LOCAL")
    assert all(one.help.endswith(".") for one in shown)


def test_a_hidden_setting_is_shown_where_it_is_set(tmp_path: Path) -> None:
    shown = {one.name: one for one in of(tmp_path, {"backend": "valkey://h:1"}).shown()}

    assert (shown["backend"].value, shown["backend"].origin) == ("valkey://h:1", "--backend")


def test_names_are_spelt_as_each_place_spells_them() -> None:
    assert flag("data_dir") == "--data-dir"
    assert variable("data_dir") == "ATTIMO_DATA_DIR"


def test_the_key_of_a_certificate_is_not_shown() -> None:
    node = NodeSettings(
        listeners=(),
        certificate="certificate",
        private_key="secret",
        threads=1,
        memory_bytes=1,
        ceiling_bytes=1,
        shared_bytes=1,
        group=None,
        backend=None,
        item_bytes=1,
        element_bytes=1,
        topic_history_messages=1,
        topic_history_seconds=1,
        topic_history_bytes=1,
        app_socket="socket",
        local=False,
        also_endpoint=(),
        endpoint="localhost",
        allowed_origins=(),
        metrics="off",
        metrics_caches=0,
    )

    assert "secret" not in repr(node)


def test_reading_settings_imports_little() -> None:
    program = (
        "import sys; from attimo.settings import load\n"
        "print({'pydantic', 'pysqlite3', 'typer', 'starlette'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "value",
    ["smtp://u:secret@h:x", "u:secret@h:587", "smtp://u:secret/h", "smtp u secret", "http://u:secret@h"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["smtp", "otlp_endpoint"])
def test_no_message_repeats_what_may_be_a_password(tmp_path: Path, name: str, value: str) -> None:
    if name == "otlp_endpoint" and "@" not in value:
        value = "http://h?key=secret"
    with pytest.raises(InvalidSetting) as refused:
        load(environ={variable(name): value}, directory=tmp_path)

    assert variable(name) in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acme", "https://u:secret@h/dir"),
        ("allowed_origins", "https://u:secret@h"),
        ("listen", "https://u:secret@127.0.0.1:1"),
        ("http", "u:secret@127.0.0.1:1"),
        ("endpoint", "https://u:secret@h"),
    ],
)
def test_no_message_repeats_a_password_in_an_address(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        load(environ={variable(name): value}, directory=tmp_path)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", list(declarations()))
@pytest.mark.parametrize(
    "value",
    ["{}", "[{}]", "[1]", "9" * 400, "-1", "1e999", "nan", "1979-05-27", '"\\u0000"', "'x'"]
)  # fmt: skip
def test_a_file_may_hold_anything_and_is_answered_in_words(
    tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "attimo.toml").write_text(f"{name} = {value}\n")

    with contextlib.suppress(AttimoError):
        of(tmp_path)


@pytest.mark.parametrize("content", [b"\xff", b"\x00", b"[", b"smtp = {", b"\xef\xbb\xbfx = 1"])
def test_a_file_that_is_no_toml_is_answered_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "attimo.toml").write_bytes(content)

    with pytest.raises(Misconfigured, match=r"attimo\.toml"):
        of(tmp_path)


def test_hours_of_usage_are_kept_at_least_as_long_as_minutes(tmp_path: Path) -> None:
    found = of(tmp_path, ATTIMO_KEEP_USAGE_MINUTES="90d", ATTIMO_KEEP_USAGE_HOURS="90d")
    assert (found.keep_usage_minutes, found.keep_usage_hours) == (90 * 86_400, 90 * 86_400)

    with pytest.raises(Misconfigured, match="ATTIMO_KEEP_USAGE_HOURS keeps hours for less time"):
        of(tmp_path, ATTIMO_KEEP_USAGE_MINUTES="91d", ATTIMO_KEEP_USAGE_HOURS="90d")


@pytest.mark.parametrize("text", ["0d", "-1d", "12h", "35", "36526d", "1.5d", "off"])
def test_usage_is_kept_for_whole_days(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidSetting, match="from 1d to 36525d"):
        of(tmp_path, ATTIMO_KEEP_USAGE_MINUTES=text)


def test_hours_of_usage_are_kept_for_two_months_at_least(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="from 62d to 36525d"):
        of(tmp_path, ATTIMO_KEEP_USAGE_HOURS="61d")
