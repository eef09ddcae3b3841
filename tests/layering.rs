//! Who may use whom. Reads the paths to our own modules out of the source, and fails on any edge
//! that is not in the table. What is compiled for tests alone is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A module, and what it may name. A name with `::` allows that much of a module; without, all of
/// it but its implementations, which have to be named.
const TABLE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("observe", &[]),
    ("stops", &[]),
    ("report", &[]),
    ("trace", &["protocol", "observe"]),
    ("domain", &["protocol"]),
    ("store", &["domain", "protocol", "observe", "stops", "trace"]),
    ("bus", &["domain", "protocol", "observe"]),
    ("auth", &["domain", "protocol", "observe"]),
    ("hub", &["protocol", "observe", "trace"]),
    ("relay", &["bus", "store", "hub", "domain", "protocol", "observe", "stops"]),
    ("service", &["bus", "store", "auth", "domain", "protocol", "observe", "stops", "trace"]),
    ("http", &["service", "domain", "protocol", "observe", "trace"]),
    ("ws", &["http", "service", "hub", "domain", "protocol", "observe", "trace"]),
    ("config", &["auth", "domain", "observe", "report"]),
    ("documents", &["http", "ws", "config", "domain", "protocol", "observe"]),
    (
        "app",
        &[
            "store::scylla",
            "store::sqlite",
            "store::scylla",
            "bus::local",
            "bus::redis",
            "store",
            "bus",
            "auth",
            "hub",
            "relay",
            "service",
            "http",
            "ws",
            "config",
            "documents",
            "domain",
            "protocol",
            "observe",
        ],
    ),
    ("backup", &["store::sqlite", "config"]),
    ("health", &[]),
    ("doctor", &["app", "auth", "bus::redis", "store::scylla", "config"]),
    (
        "main",
        &[
            "app",
            "backup",
            "config",
            "doctor",
            "documents",
            "health",
            "domain",
            "observe",
            "report",
            "trace",
        ],
    ),
];

/// Behind their traits: whoever uses the trait does not know them.
const IMPLEMENTATIONS: &[&str] = &["store::sqlite", "store::scylla", "bus::local", "bus::redis"];

#[test]
fn modules_use_only_what_is_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 40, "{} files were found", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        let name = path.strip_prefix(&source).expect("below it").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("a readable file");
        wrong.extend(forbidden(&name, &text));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_module_stands_in_the_table() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries = fs::read_dir(source).expect("a folder").map(|entry| {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        name.trim_end_matches(".rs").to_owned()
    });
    let found: BTreeSet<_> = entries.filter(|name| name != "lib").collect();
    let listed: BTreeSet<_> = TABLE.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(found, listed);
}

#[test]
fn an_edge_that_is_not_allowed_is_caught() {
    for (file, text, edge) in [
        ("domain/text.rs", "use crate::store::Store;", "domain -> store::Store"),
        ("service/rooms.rs", "use crate::store::sqlite::SqliteStore;", "service -> store::sqlite"),
        ("service/rooms.rs", "fn f(bus: &crate::bus::local::LocalBus) {}", "service -> bus::local"),
        ("relay.rs", "use crate::bus::{Bus, local::LocalBus};", "relay -> bus::local"),
        ("hub/worker.rs", "use crate::{observe, service::Service};", "hub -> service::Service"),
        ("bus/mod.rs", "use crate::store;", "bus -> store"),
        ("store/sqlite/mod.rs", "use crate :: bus :: Bus ;", "store -> bus"),
        (
            "http/rooms.rs",
            "use\n    crate::{\n    protocol::{Room, Role},\n    hub::Hub };",
            "http -> hub",
        ),
        ("protocol/mod.rs", "pub use crate::domain::names as n;", "protocol -> domain"),
        ("main.rs", "use starling::service::Service;", "main -> service"),
    ] {
        let found = forbidden(file, text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(edge), "{text}: {found:?}");
    }
}

#[test]
fn what_is_allowed_or_no_code_is_let_through() {
    for (file, text) in [
        ("domain/text.rs", "use crate::protocol::{Room, ids::RoomId}; use super::names;"),
        ("domain/text.rs", "// use crate::store::Store;\n/// [`crate::service`]\n//! crate::hub"),
        ("domain/text.rs", "/* crate::hub /* crate::ws */ crate::bus */ use crate::protocol;"),
        ("domain/text.rs", r#"const A: &str = "crate::store \" crate::bus";"#),
        ("domain/text.rs", "#[cfg(test)]\nmod tests { use crate::store::Store; fn f() { {} } }"),
        ("domain/text.rs", "#[cfg(test)]\nuse crate::store::Store;\nuse crate::protocol;"),
        ("app.rs", "use crate::store::sqlite::SqliteStore; use crate::bus::local::LocalBus;"),
        ("store/sqlite/mod.rs", "use crate::store::sqlite::db; use crate::store::Store;"),
        ("store/contract.rs", "use crate::bus::Bus;"),
        ("store/contract/rooms.rs", "use crate::bus::Bus;"),
        ("store/sqlite/tests/opening.rs", "use crate::bus::Bus;"),
    ] {
        assert_eq!(forbidden(file, text), Vec::<String>::new(), "{file}: {text}");
    }
    let after = "#[cfg(test)]\nmod tests { fn f() { {} } }\nuse crate::store::Store;";
    assert_eq!(forbidden("domain/text.rs", after).len(), 1, "what follows the tests counts again");
}

fn rust_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The edges of a file, named by its path below `src`, that are not in the table.
fn forbidden(file: &str, text: &str) -> Vec<String> {
    let module = file.split(['/', '.']).next().unwrap_or_default();
    let only_for_tests = file.split('/').skip(1).any(|part| {
        let part = part.trim_end_matches(".rs");
        part == "tests" || part == "contract"
    });
    if module == "lib" || only_for_tests {
        return Vec::new();
    }
    let allowed = TABLE.iter().find(|(name, _)| *name == module).map_or(&[][..], |(_, to)| *to);
    let paths =
        paths(&without_tests(&code(text)), if module == "main" { "starling" } else { "crate" });
    let may = |path: &String| {
        let begins = |with: &str| {
            path == with || path.strip_prefix(with).is_some_and(|rest| rest.starts_with("::"))
        };
        if begins(module) {
            return true;
        }
        match IMPLEMENTATIONS.iter().find(|name| begins(name)) {
            Some(implementation) => allowed.contains(implementation),
            None => allowed.iter().any(|name| begins(name)),
        }
    };
    let wrong = paths.iter().filter(|path| !may(path));
    wrong.map(|path| format!("src/{file}: {module} -> {path} is not in the table")).collect()
}

/// The text without comments, and with nothing in its string literals.
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = hashes + 2;
            rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
        } else if first == '"' {
            string(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
            3
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        out.push(' ');
        rest = &rest[skip..];
    }
    out
}

fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            let Some(next) = rest.chars().next() else { return text.len() };
            at += next.len_utf8();
        }
    }
}

/// The code without what stands behind `#[cfg(test)]`: an item up to its `;` or its closing brace.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        rest = &rest[at + MARK.len()..];
        let (mut depth, mut end) = (0, rest.len());
        for (place, c) in rest.char_indices() {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            if depth == 0 && (c == ';' || c == '}') {
                end = place + 1;
                break;
            }
        }
        rest = &rest[end..];
    }
    out + rest
}

/// Every path below `root`, braces taken apart: `root::{a, b::{c, d}}` gives `a`, `b::c`, `b::d`.
fn paths(code: &str, root: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens: Vec<&str> = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        if tokens[at] == root && tokens.get(at + 1) == Some(&"::") {
            tree(&tokens, at + 2, "", &mut found);
        }
    }
    found
}

/// Reads one path, or one group in braces, from `at` on; the place behind it.
fn tree(tokens: &[&str], at: usize, before: &str, found: &mut BTreeSet<String>) -> usize {
    let mut at = at;
    if tokens.get(at) == Some(&"{") {
        at += 1;
        while let Some(token) = tokens.get(at) {
            match *token {
                "}" => return at + 1,
                "," => at += 1,
                _ => at = tree(tokens, at, before, found).max(at + 1),
            }
        }
        return at;
    }
    let name = tokens.get(at).copied().unwrap_or_default();
    let path = match (before, name) {
        ("", name) => name.to_owned(),
        (before, "self") => before.to_owned(),
        (before, name) => format!("{before}::{name}"),
    };
    if tokens.get(at + 1) == Some(&"::") {
        return tree(tokens, at + 2, &path, found);
    }
    found.insert(path);
    if tokens.get(at + 1) == Some(&"as") { at + 3 } else { at + 1 }
}
