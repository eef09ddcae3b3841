//! Tests that need a process of their own, to kill it or to give it a file system that the others
//! don't see. The process is this program again, running one test that is ignored otherwise.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

const FOLDER: &str = "STARLING_TEST_FOLDER";

/// Runs the ignored test of this name. It finds the folder by [`given_folder`].
pub fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a file"));
    let module = module_path!().split_once("::").expect("a crate and a path").1;
    let module = module.rsplit_once("::").expect("a module of its own").0;
    command
        .args(["--exact", &format!("{module}::{test}"), "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null());
    command
}

/// The same, after a script in a mount namespace of its own, where `$1` is the folder. `None`, with
/// the reason printed, where this machine does not allow it.
pub fn child_after(script: &str, test: &str, folder: &Path) -> Option<Command> {
    let allowed = Command::new("unshare")
        .args(["--mount", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !allowed {
        println!("skipped: mount namespaces need root and util-linux");
        return None;
    }
    let inner = child(test, folder);
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-ec", &format!("{script}\nshift\nexec \"$@\""), "sh"])
        .arg(folder)
        .arg(inner.get_program())
        .args(inner.get_args())
        .env(FOLDER, folder);
    Some(command)
}

/// The folder that a child was given.
pub fn given_folder() -> PathBuf {
    env::var_os(FOLDER).expect("it runs as a child of another test").into()
}

/// All files of a folder with their bytes.
pub fn bytes_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(path).expect("a file")))
        .collect();
    files.sort();
    files
}
