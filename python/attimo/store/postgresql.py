"""PostgreSQL as the database: opening it, and its transactions.

One session writes, and holds an advisory lock as long as it lives: so one server at a time uses a
database, whatever machine it runs on, and its transactions follow each other as SQLite's do. What
must happen once (migrations, retention, the end of a month) needs no other lock. If the session is
lost, the next transaction that writes opens another one, and takes the lock again first.

Transactions that only read have sessions of their own, and see the last commit.
"""

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection as Driver

from attimo import __version__
from attimo.errors import Misconfigured, StoreUnavailable
from attimo.settings.database import Address
from attimo.store import schema
from attimo.store.connection import BUSY_SECONDS, Connection, Database
from attimo.store.postgresql_connection import PostgresConnection, Session
from attimo.store.postgresql_tables import FUNCTIONS

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made."""
ANSWER_SECONDS = 30
"""How long a statement may take, but for those that define tables."""
LOCK_SECONDS = 5
"""How long the lock of another server is waited for: a server that is replaced gives it up."""
MOST_IDLE = 5
"""Sessions that stay open between transactions that read."""
OLDEST = 15
"""The oldest version of PostgreSQL that the tests use."""

_LOCK = int.from_bytes(b"Attimo")
"""The advisory lock of the one server that writes."""
_NOT_IN_TIME = "55P03"
"""PostgreSQL's code for a lock that was not free in time."""
_NUMERIC = 1700
_WAIT_SECONDS = ANSWER_SECONDS + 5.0
"""How long an answer is waited for: PostgreSQL gives a statement up before."""
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SETTINGS = {
    "bytea_output": "hex",
    "statement_timeout": f"{ANSWER_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": "60s",
    # A server whose machine is gone keeps the lock until PostgreSQL notices.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


@dataclass(slots=True)
class PostgresDatabase(Database):
    """An open database on a PostgreSQL server, for any number of threads.

    Attributes:
        address: Where it is.
    """

    address: Address
    _idle: list[Session] = field(default_factory=list, init=False, repr=False)
    _most_idle: int = field(default=MOST_IDLE, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)
    _writer: Session | None = field(default=None, init=False, repr=False)
    _writing: Lock = field(default_factory=Lock, init=False, repr=False)

    def check(self) -> None:
        """Check that the server answers.

        Raises:
            StoreUnavailable: It does not.
        """
        with self.read() as connection:
            connection.scalar("SELECT 1")

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that may write; commit it on a clean exit, otherwise roll it back.

        Raises:
            StoreUnavailable: The server cannot be used, or another Attimo uses this database. If
                the connection is lost during the commit, it may have been committed.
        """
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"Another change took more than {BUSY_SECONDS} s")
        try:
            kept, self._writer = self._writer, None
            session = _begun(kept, "BEGIN", self._claim)
            try:
                with _finished(session):
                    yield PostgresConnection(session)
            finally:
                self._keep_writer(session)
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads: a snapshot that waits for no writer.

        Raises:
            StoreUnavailable: The server cannot be used.
        """
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        session = _begun(kept, _READ, lambda: connect(self.address))
        try:
            with _finished(session):
                yield PostgresConnection(session)
        finally:
            self._let_go(session)

    def checkpoint(self) -> None:
        """Do nothing: PostgreSQL does so by itself."""

    def close(self) -> None:
        """Close every session, which gives up the lock; one in use when its transaction ends."""
        with self._lock:
            self._most_idle = 0
            closing = [*self._idle, *((self._writer,) if self._writer else ())]
            self._idle, self._writer = [], None
        for each in closing:
            each.close()

    def _claim(self) -> Session:
        """Open the session that writes, which holds the lock."""
        session = connect(self.address)
        try:
            session.run(f"SELECT pg_advisory_lock({_LOCK})")
        except StoreUnavailable as error:
            session.close()
            if _NOT_IN_TIME not in str(error):
                raise
            raise StoreUnavailable(
                f"{self.address} is used by another Attimo server, or a copy of it is under way"
            ) from error
        return session

    def _keep_writer(self, session: Session) -> None:
        with self._lock:
            keep = self._most_idle > 0 and not session.is_broken
            if keep:
                self._writer = session
        if not keep:
            session.close()

    def _let_go(self, session: Session) -> None:
        with self._lock:
            keep = len(self._idle) < self._most_idle and not session.is_broken
            if keep:
                self._idle.append(session)
        if not keep:
            session.close()


def open_server(address: Address) -> PostgresDatabase:
    """Open a database; create the tables of an empty one, migrate one that is older.

    Raises:
        DatabaseTooNew: A newer version of this program has migrated it; it is unchanged.
        Misconfigured: It has another program's tables, or the server is too old.
        StoreUnavailable: The server cannot be used.
    """
    database = PostgresDatabase(address)
    try:
        with database.begin() as connection:
            _check_ours(connection, address)
            connection.take_time()
            for each in FUNCTIONS:
                connection.execute(each)
            schema.bring_up_to_date(connection, str(address))
    except BaseException:
        database.close()
        raise
    return database


def is_new(address: Address) -> bool:
    """Return whether a database has no tables.

    Raises:
        StoreUnavailable: The server cannot be used.
    """
    session = connect(address)
    try:
        return not PostgresConnection(session).columns()
    finally:
        session.close()


def connect(address: Address) -> Session:
    """Open a session.

    Raises:
        Misconfigured: The server is too old, or the database does not have UTF-8.
        StoreUnavailable: The server cannot be reached, or refuses the user.
    """
    try:
        driver = Driver(
            address.user,
            host=address.host,
            port=address.port,
            database=address.name,
            password=address.password,
            unix_sock=address.socket if address.is_local else None,
            ssl_context=_tls(address),
            timeout=CONNECT_SECONDS,
            application_name=f"attimo {__version__}",
        )
    except DatabaseError as error:
        raise StoreUnavailable(f"{address} cannot be used: {error.args[0].get('M')}") from None
    except (InterfaceError, OSError) as error:
        raise StoreUnavailable(f"{address} cannot be reached: {error}") from error
    driver.register_in_adapter(_NUMERIC, int)  # sums of integers
    session = Session(driver)
    session.wait_at_most(_WAIT_SECONDS)
    try:
        _check_server(driver.parameter_statuses, address)
        each = (f"set_config('{name}', '{of}', FALSE)" for name, of in _SETTINGS.items())
        session.run(f"SELECT {', '.join(each)}")
    except BaseException:
        session.close()
        raise
    return session


def _check_server(told: dict[str, str], address: Address) -> None:
    version, encoding = told.get("server_version", ""), told.get("server_encoding", "")
    major = re.match(r"\d+", version)  # of a test version, "18beta1"
    if major is None or int(major[0]) < OLDEST:
        raise Misconfigured(f"{address} has PostgreSQL {version}; {OLDEST} or later is needed")
    if encoding != "UTF8":
        raise Misconfigured(f"{address} has the encoding {encoding}; it must be UTF8")


def _check_ours(connection: Connection, address: Address) -> None:
    tables = {table for table, _ in connection.columns()}
    if tables and not tables >= {"alembic_version", "accounts", "caches"}:
        raise Misconfigured(
            f"{address} has tables of another program, and is left as it is; create a database "
            "for this server alone"
        )


def _tls(address: Address) -> ssl.SSLContext | bool:
    if address.is_local or address.tls == "disable":
        return False
    try:
        context = ssl.create_default_context(cafile=address.root)
    except OSError as error:
        raise Misconfigured(
            f"{address} has the sslrootcert {address.root}, which cannot be used: {error}"
        ) from error
    if address.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _begun(kept: Session | None, begin: str, make: Callable[[], Session]) -> Session:
    """Begin a transaction on a session, or on a new one if it is lost (PostgreSQL restarted)."""
    if kept is not None:
        try:
            kept.run(begin)
        except StoreUnavailable:
            kept.close()
        else:
            return kept
    session = make()
    try:
        session.run(begin)
    except BaseException:
        session.close()
        raise
    return session


@contextmanager
def _finished(session: Session) -> Iterator[None]:
    """Commit a transaction on a clean exit, otherwise roll it back."""
    try:
        yield
        session.run("COMMIT")
    except BaseException:
        with suppress(StoreUnavailable):
            session.run("ROLLBACK")
        raise
    finally:
        session.wait_at_most(_WAIT_SECONDS)
