//! Which files there are.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use actix_web::http::header::EntityTag;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::INDEX;
use super::coding::Coding;

/// In a release build `FILES` is the web client, by paths. In a debug build `FOLDER` is where it may be.
mod built_in {
    include!(concat!(env!("OUT_DIR"), "/web_client.rs"));
}

/// The files of a web client, by their paths; none where there is no client.
#[derive(Default)]
pub struct Site(HashMap<String, File>);

pub struct File {
    pub content_type: &'static str,
    /// Its name changes with what is in it.
    hashed: bool,
    /// Itself, and what was compressed ahead.
    pub forms: Vec<Form>,
}

pub struct Form {
    pub coding: Coding,
    /// A hash of these very bytes.
    pub tag: EntityTag,
    pub bytes: Bytes,
}

impl Site {
    /// The client that came with the program, if one was built with it.
    pub fn built_in() -> io::Result<Self> {
        let files = built_in::FILES.iter();
        let files = files.map(|(path, bytes)| ((*path).to_owned(), Bytes::from_static(bytes)));
        match built_in::FOLDER.map(Path::new) {
            Some(folder) if folder.join(&INDEX[1..]).exists() => Self::read(folder),
            _ => Ok(Self::of(files.collect())),
        }
    }

    /// A client that was built into this folder.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        read_into(&mut files, folder, "")?;
        let site = Self::of(files);
        if site.get(INDEX).is_none() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no index.html"));
        }
        Ok(site)
    }

    pub fn get(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }

    fn of(mut files: Vec<(String, Bytes)>) -> Self {
        // A name comes before those that it begins.
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut site = Self::default();
        for (path, bytes) in files {
            let tag = URL_SAFE_NO_PAD.encode(&digest(&SHA256, &bytes).as_ref()[..16]);
            let form = |coding| Form { coding, tag: EntityTag::new_strong(tag), bytes };
            let compressed = Coding::COMPRESSED.iter().find_map(|coding| {
                let whole = path.strip_suffix(coding.suffix())?;
                site.0.contains_key(whole).then_some((whole, *coding))
            });
            if let Some((whole, coding)) = compressed {
                site.0.entry(whole.to_owned()).and_modify(|file| file.forms.push(form(coding)));
                continue;
            }
            let file = File {
                content_type: content_type(&path),
                hashed: path.starts_with("/assets/"),
                forms: vec![form(Coding::Identity)],
            };
            site.0.insert(path, file);
        }
        site
    }
}

impl File {
    pub fn caching(&self) -> &'static str {
        // Not "never": it is asked each time whether it has changed.
        if self.hashed { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

fn read_into(files: &mut Vec<(String, Bytes)>, folder: &Path, path: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{path}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_into(files, &entry.path(), &path)?;
        } else {
            files.push((path, fs::read(entry.path())?.into()));
        }
    }
    Ok(())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        _ => "application/octet-stream",
    }
}
