//! Puts the web client into a release build: what `npm run build` left in `web/dist`, if it was run.
//! A debug build reads the folder when it starts, so that no change of the client compiles it anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join("web/dist");
    let (files, from) = if variable("PROFILE") == "release" {
        watch(&folder)?;
        (files(&folder)?, None)
    } else {
        (Vec::new(), Some(text(&folder)))
    };
    let mut code = format!("pub const FOLDER: Option<&str> = {from:?};\n");
    code += "pub const FILES: &[(&str, &[u8])] = &[\n";
    for file in files {
        let (name, file) = (text(file.strip_prefix(&folder).expect("it is in it")), text(&file));
        writeln!(code, "    ({:?}, include_bytes!({file:?})),", format!("/{name}"))
            .expect("a text takes what is written to it");
    }
    code += "];\n";
    fs::write(Path::new(&variable("OUT_DIR")).join("web_client.rs"), code)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("Cargo sets {name}"))
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// Cargo takes a folder that is missing for one that has changed, each time anew: it is made then, and
/// dated so that it has not.
fn watch(folder: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed=web/dist");
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::File::open(folder)?.set_modified(SystemTime::UNIX_EPOCH)?;
    }
    Ok(())
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
