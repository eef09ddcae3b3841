//! Opening the data folder: who may use it, whether it is ours, whether it is sound. Where the answer
//! is no, nothing in it was changed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrate::{self, APPLICATION_ID};
use crate::store::steps::Tables;

pub(super) const DATA_FILE: &str = "starling.db";
pub(super) const LOCK_FILE: &str = "starling.lock";

/// A file up to this size is checked whole at each start, which takes less than a second.
const WHOLE_CHECK_BYTES: u64 = 64 * 1024 * 1024;

/// How long a connection waits for one of another program (a backup) that holds the file.
const BUSY: Duration = Duration::from_secs(5);

/// How long a server that ends may still hold the folder, and how often it is looked whether it does.
const IN_USE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Page caches, in KiB. There is no `mmap`: through it an input error of the disk would end the
/// process instead of failing one statement.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;

/// The write-ahead log is cut back to this after it had to grow further.
const LOG_KEEPS_BYTES: i64 = 64 * 1024 * 1024;

/// Statements kept ready by each connection: more than there are in the store.
const STATEMENTS: usize = 128;

/// Why the data can't be used. Each is a sentence for whoever runs the server.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("The data folder {} can't be made: {source}.", path.display())]
    NoFolder { path: PathBuf, source: io::Error },
    #[error("{} can't be written to: {reason}.", path.display())]
    NotWritable { path: PathBuf, reason: String },
    #[error("Another server is using the data folder {}.", path.display())]
    InUse { path: PathBuf },
    #[error(
        "{} is not a database, or its beginning was overwritten. If it held Starling's data, \
         restore it from a backup.",
        path.display()
    )]
    NotADatabase { path: PathBuf },
    #[error("{} is a database, but not one of Starling's.", path.display())]
    Foreign { path: PathBuf },
    #[error(
        "{} was written by a newer Starling (its schema has number {found}, this program knows \
         {known}). Start the newer one.",
        path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error(
        "{} was written by an older Starling (its schema has number {found}, this program knows \
         {known}). Start this one on it once.",
        path.display()
    )]
    Older { path: PathBuf, found: u32, known: u32 },
    #[error("There is no data in {}.", path.display())]
    Nothing { path: PathBuf },
    #[error("{} is damaged ({detail}). Restore it from a backup.", path.display())]
    Damaged { path: PathBuf, detail: String },
    #[error("{} can't be opened: {reason}.", path.display())]
    Failed { path: PathBuf, reason: String },
}

/// The folder, held by this process alone for as long as this value lives.
#[derive(Debug)]
pub(super) struct Folder {
    file: PathBuf,
    /// None where somebody else may hold it.
    lock: Option<File>,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Said, and not only closed: a child that this process is just starting holds a copy of the
        // file until it becomes another program.
        if let Some(Err(error)) = self.lock.as_ref().map(File::unlock) {
            tracing::warn!(%error, "the data folder may seem to be in use for a moment");
        }
    }
}

impl Folder {
    /// What its disk has left; `None` where the system doesn't say.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.file).ok()?;
        Some(disk.f_bavail * disk.f_frsize)
    }

    /// Makes the folder where it is missing, and takes it for this process.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let file = path.join(DATA_FILE);
        // Before anything is written, so that somebody else's folder stays as it is.
        refuse_at_sight(&file)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| OpenError::NoFolder { path: path.to_owned(), source })?;
        let lock = private_file(&path.join(LOCK_FILE))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() < IN_USE => {
                    std::thread::sleep(LOOK_EVERY);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::InUse { path: path.to_owned() });
                }
                Err(TryLockError::Error(source)) => return Err(not_writable(path, &source)),
            }
        }
        private_file(&file)?;
        Ok(Self { file, lock: Some(lock) })
    }

    /// A folder that a server may be using meanwhile.
    pub(super) fn beside(path: &Path) -> Result<Self, OpenError> {
        let file = path.join(DATA_FILE);
        refuse_at_sight(&file)?;
        Ok(Self { file, lock: None })
    }

    /// A connection that reads all, and leaves everything as it is when it is closed.
    pub(super) fn for_copying(&self) -> Result<Connection, OpenError> {
        let connect = || {
            // Without a server there is no log to read from, and one has to be made.
            let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            Ok(connection)
        };
        connect().map_err(|error| self.explain(&error))
    }

    /// A connection that reads what a server may be writing.
    pub(super) fn reader_beside(&self) -> Result<Connection, OpenError> {
        if fs::metadata(&self.file).map_or(0, |facts| facts.len()) == 0 {
            let folder = self.file.parent().unwrap_or(Path::new("."));
            return Err(OpenError::Nothing { path: folder.to_owned() });
        }
        let reader = self.for_copying()?;
        let found = self.check(&reader)?;
        if found.version < migrate::VERSION {
            let (path, found, known) = (self.file.clone(), found.version, migrate::VERSION);
            return Err(OpenError::Older { path, found, known });
        }
        reader.pragma_update(None, "query_only", true).map_err(|error| self.explain(&error))?;
        Ok(reader)
    }

    /// The connection that writes, on data that is checked and that this program can work with.
    pub(super) fn writer(&self) -> Result<Connection, OpenError> {
        let explain = |error| self.explain(&error);
        let mut writer = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(explain)?;
        // Until the data is known to be ours, closing it must leave it as it was.
        let closing_changes_nothing = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        writer.set_db_config(closing_changes_nothing, true).map_err(explain)?;
        let tables = self.check(&writer)?;
        let prepare = |writer: &mut Connection| {
            writer.pragma_update(None, "synchronous", "FULL")?;
            migrate::run(writer, tables)?;
            writer.pragma_update(None, "journal_mode", "WAL")?;
            // The writer's thread does it, after it has answered.
            writer.pragma_update(None, "wal_autocheckpoint", 0)?;
            // What a savepoint would take back is kept in memory, not in a file of its own.
            writer.pragma_update(None, "temp_store", "MEMORY")?;
            writer.pragma_update(None, "journal_size_limit", LOG_KEEPS_BYTES)?;
            writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
            // Says now, not at the first message, that the file can only be read.
            writer.execute_batch("BEGIN IMMEDIATE; ROLLBACK;")?;
            writer.set_db_config(closing_changes_nothing, false).map(drop)
        };
        prepare(&mut writer).map_err(explain)?;
        // A new file's name must be as durable as what it will hold.
        let folder = self.file.parent().unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| not_writable(folder, &source))?;
        Ok(writer)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Result<Connection, OpenError> {
        let connect = || {
            let reader = self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            reader.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
            Ok(reader)
        };
        connect().map_err(|error| self.explain(&error))
    }

    fn connect(&self, access: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }

    /// Refuses what is not ours, is too new or damaged; gives how far the data was brought.
    fn check(&self, connection: &Connection) -> Result<Tables, OpenError> {
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        let tables = "SELECT count(*) FROM sqlite_schema";
        let read = || {
            let tables: u32 = connection.query_row(tables, (), |row| row.get(0))?;
            Ok((tables, number("application_id")?, number("user_version")?))
        };
        let (count, application, version): (u32, u32, u32) =
            read().map_err(|error| self.explain(&error))?;
        let path = self.file.clone();
        if count == 0 && application == 0 && version == 0 {
            return Ok(Tables::default());
        }
        if application != APPLICATION_ID {
            return Err(OpenError::Foreign { path });
        }
        let tables = refuse_newer(&path, version)?;
        // A large file is taken on trust: each page is checked when it is read.
        let bytes = fs::metadata(&self.file).map_or(0, |facts| facts.len());
        if bytes <= WHOLE_CHECK_BYTES {
            let detail: String = connection
                .query_row("PRAGMA quick_check(1)", (), |row| row.get(0))
                .map_err(|error| self.explain(&error))?;
            if detail != "ok" {
                return Err(OpenError::Damaged { path, detail: detail.replace('\n', " ") });
            }
        }
        if tables.version > migrate::VERSION {
            let (found, known) = (tables.version, migrate::VERSION);
            tracing::warn!(found, known, "a newer Starling has used this data; this one can, too");
        }
        Ok(tables)
    }

    fn explain(&self, error: &rusqlite::Error) -> OpenError {
        let (path, reason) = (self.file.clone(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, detail: reason },
            Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
            Some(ErrorCode::ReadOnly) => OpenError::NotWritable { path, reason },
            _ => OpenError::Failed { path, reason },
        }
    }
}

/// Refuses a file whose header already tells that it is not ours, or too new. What it can't tell,
/// [`Folder::check`] finds.
fn refuse_at_sight(file: &Path) -> Result<(), OpenError> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut header = [0; 100];
    let path = file.to_owned();
    match File::open(file).and_then(|file| file.take(100).read_exact(&mut header)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let empty = fs::metadata(file).is_ok_and(|facts| facts.len() == 0);
            return if empty { Ok(()) } else { Err(OpenError::NotADatabase { path }) };
        }
        Err(error) => return Err(OpenError::Failed { path, reason: error.to_string() }),
    }
    // https://sqlite.org/fileformat.html, section 1.3
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let (version, application) = (number(60), number(68));
    if !header.starts_with(MAGIC) {
        return Err(OpenError::NotADatabase { path });
    }
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign { path });
    }
    refuse_newer(&path, version).map(drop)
}

/// How far the data was brought, by the file's `user_version`, unless that is too far for this program.
fn refuse_newer(path: &Path, user_version: u32) -> Result<Tables, OpenError> {
    let tables = migrate::tables(user_version);
    if tables.suit(migrate::VERSION) {
        return Ok(tables);
    }
    let (found, known) = (tables.version, migrate::VERSION);
    Err(OpenError::Newer { path: path.to_owned(), found, known })
}

/// Opens a file that only its owner may read, making it where it is missing.
pub(super) fn private_file(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|source| not_writable(path, &source))
}

fn not_writable(path: &Path, source: &io::Error) -> OpenError {
    OpenError::NotWritable { path: path.to_owned(), reason: source.to_string() }
}
