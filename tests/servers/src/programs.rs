//! Where programs and downloads are, and how they get there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where programs are looked for: some systems keep servers where only root looks.
pub fn search_path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/local/sbin:/usr/sbin:/sbin")
}

/// The program's own path.
pub fn find(program: &str) -> PathBuf {
    let path = search_path();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program));
    found.into_iter().find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("`{program}` is not installed. scripts/servers.sh installs it, or says how to")
    })
}

/// A Java that Cassandra runs on (11 or 17; later ones lack what it needs).
pub fn java() -> PathBuf {
    if let Some(home) = std::env::var_os("JAVA_HOME") {
        return Path::new(&home).join("bin/java");
    }
    let installed = std::fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let mut fit = installed.filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("java-17") && entry.path().join("bin/java").is_file()
    });
    fit.next().map_or_else(|| find("java"), |entry| entry.path().join("bin/java"))
}

/// The top of the project.
pub fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where downloads are kept, from one run to the next.
fn cache() -> PathBuf {
    if let Some(cache) = std::env::var_os("STARLING_SERVERS_CACHE") {
        return project().join(cache);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    project().join(target).join("servers")
}

/// The folder of a download; fetched first, where it isn't there. The script knows the versions, and
/// lets one process at a time fetch.
pub fn fetched(part: &str) -> PathBuf {
    let output = Command::new(project().join("scripts/servers.sh"))
        .arg(part)
        .env("STARLING_SERVERS_CACHE", cache())
        .stderr(Stdio::inherit())
        .output();
    let output = output.expect("scripts/servers.sh can be run");
    assert!(output.status.success(), "scripts/servers.sh {part} failed: {}", output.status);
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
}
