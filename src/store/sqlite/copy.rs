//! Copies of the data: taken while a server uses it, proved to be whole, and put into a new folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::open::{DATA_FILE, Folder, OpenError, private_file};

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    pub users: u64,
    pub rooms: u64,
    pub messages: u64,
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("There is no data in {}.", path.display())]
    Nothing { path: PathBuf },
    #[error("There is data in {} already; nothing was changed.", path.display())]
    Taken { path: PathBuf },
    #[error("The copy in {} could not be made: {reason}.", path.display())]
    Failed { path: PathBuf, reason: String },
}

/// Copies the data in one folder into another that has none, and reads the copy whole. It is of one
/// moment, whatever a server writes meanwhile: what was acknowledged before it began is in it.
pub fn copy(from: &Path, to: &Path) -> Result<Contents, CopyError> {
    if !from.join(DATA_FILE).exists() {
        return Err(CopyError::Nothing { path: from.to_owned() });
    }
    let source = Folder::beside(from)?;
    // Held, so that no server starts on a half of it.
    let target = Folder::take(to)?;
    let file = to.join(DATA_FILE);
    if fs::metadata(&file).is_ok_and(|facts| facts.len() > 0) {
        return Err(CopyError::Taken { path: to.to_owned() });
    }
    // Under another name until it is whole.
    let half = file.with_extension("half");
    let copied = write(&source, &half).and_then(|contents| {
        fs::rename(&half, &file)?;
        File::open(to)?.sync_all()?;
        Ok(contents)
    });
    drop(target);
    copied.map_err(|error| {
        let _ = fs::remove_file(&half);
        CopyError::Failed { path: to.to_owned(), reason: error.to_string() }
    })
}

type Failure = Box<dyn std::error::Error>;

fn write(source: &Folder, to: &Path) -> Result<Contents, Failure> {
    let _ = fs::remove_file(to);
    private_file(to)?;
    // One transaction that reads; it doesn't hold up who writes.
    let reader = source.for_copying()?;
    reader.execute("VACUUM INTO ?1", [to.to_str().ok_or("the folder's name is not UTF-8")?])?;
    File::open(to)?.sync_all()?;
    prove(to)
}

/// Reads all of it: each page and index, and how much there is.
fn prove(file: &Path) -> Result<Contents, Failure> {
    let connection = Connection::open(file)?;
    let said: String = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if said != "ok" {
        return Err(said.into());
    }
    let count = |table: &str| {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0))
    };
    Ok(Contents {
        users: count("users")?,
        rooms: count("rooms")?,
        messages: count("messages")?,
        bytes: fs::metadata(file)?.len(),
    })
}
