//! Sees to it that nothing outlives this process, however it ends.
//!
//! A shell waits on a pipe whose other end only this process holds. When the pipe closes (this
//! process has ended, was killed, or crashed), the shell kills what is still on its list and
//! removes the folder that everything is kept in. Nothing that runs in this process could do that:
//! statics are never dropped, and no destructor runs on `kill -9`.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;

/// The list holds process groups (numbers) and network namespaces (names).
const SCRIPT: &str = r#"
list=' '
while read -r word item; do
    case $word in
    watch) list="$list$item " ;;
    forget) list="${list%% "$item" *} ${list#* "$item" }" ;;
    esac
done
for item in $list; do
    case $item in
    *[!0-9]*) ;;
    *) kill -s KILL -- "-$item" ;;
    esac
done
for item in $list; do
    case $item in
    *[!0-9]*) ip netns delete "$item" ;;
    esac
done
# What was just killed may still be about to end.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$1" && break
    sleep 0.2
done
"#;

struct Guardian {
    pipe: Mutex<ChildStdin>,
    /// Never waited for: it ends after this process does.
    _shell: Child,
    root: PathBuf,
}

static GUARDIAN: OnceLock<Guardian> = OnceLock::new();

fn guardian() -> &'static Guardian {
    GUARDIAN.get_or_init(|| {
        let root = tempfile::Builder::new().prefix("starling-servers-").tempdir();
        let root = root.expect("a temporary folder can be made").keep();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "starling-guardian"])
            .arg(&root)
            .env("PATH", super::programs::search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in the group that a terminal's Ctrl-C goes to.
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        let pipe = shell.stdin.take().expect("it is piped");
        Guardian { pipe: Mutex::new(pipe), _shell: shell, root }
    })
}

fn tell(word: &str, item: &str) {
    let mut pipe = guardian().pipe.lock().unwrap_or_else(PoisonError::into_inner);
    // One write: the shell never sees half a line.
    pipe.write_all(format!("{word} {item}\n").as_bytes()).expect("the guardian reads");
}

/// From now on this process group, or network namespace, ends with this process.
pub fn watch(item: &str) {
    tell("watch", item);
}

/// It has ended already.
pub fn forget(item: &str) {
    tell("forget", item);
}

/// An empty folder that is removed when it is dropped, and otherwise with this process.
pub fn folder(name: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(root());
    folder.expect("a temporary folder can be made")
}

/// The folder with everything that this process's servers write.
pub fn root() -> &'static Path {
    &guardian().root
}
