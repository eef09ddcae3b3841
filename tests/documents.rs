//! The documents agree with the code. `STARLING_BLESS=1 cargo test --test documents` (or `make docs`)
//! makes again those that are made from it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use serde_json::Value;
use starling::config::Config;
use starling::documents;
use starling::protocol::Event;
use starling::protocol::client::ClientFrame;
use starling::protocol::codes::{CloseCode, ErrorCode};
use starling::protocol::server::ServerFrame;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_default()
}

/// The file holds exactly this.
fn agrees(name: &str, made: &str) {
    if std::env::var_os("STARLING_BLESS").is_some() {
        fs::write(path(name), made).expect("it is written");
    }
    assert!(read(name) == made, "{name} does not agree with the code; run `make docs`");
}

/// The file holds exactly this between its marks.
fn part_agrees(name: &str, part: &str, made: &str) {
    let text = read(name);
    let (begin, end) = (format!("<!-- begin: {part} -->\n"), format!("<!-- end: {part} -->"));
    let from = text.find(&begin).unwrap_or_else(|| panic!("{name} has no {begin}")) + begin.len();
    let to = text.find(&end).unwrap_or_else(|| panic!("{name} has no {end}"));
    agrees(name, &format!("{}{made}{}", &text[..from], &text[to..]));
}

/// The contents of the fenced blocks that begin with this.
fn blocks<'a>(text: &'a str, fence: &str) -> Vec<&'a str> {
    let parts = text.split(&format!("```{fence}\n")).skip(1).collect::<Vec<_>>();
    let block = |part: &'a str| part.split("\n```").next().unwrap_or_default();
    parts.into_iter().map(block).collect()
}

/// Whether everything that `example` says, `whole` says as well.
fn says(whole: &Value, example: &Value) -> bool {
    match (whole, example) {
        (Value::Object(whole), Value::Object(example)) => example
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|whole| says(whole, value))),
        (Value::Array(whole), Value::Array(example)) => {
            whole.len() == example.len()
                && whole.iter().zip(example).all(|(whole, example)| says(whole, example))
        }
        _ => whole == example,
    }
}

#[test]
fn the_documents_for_machines_are_those_of_the_code() {
    agrees("docs/openapi.json", &documents::openapi());
    agrees("docs/asyncapi.json", &documents::asyncapi());
}

#[test]
fn the_tables_are_those_of_the_code() {
    agrees("docs/permissions.md", &documents::permissions());
    agrees("docs/configuration.md", &documents::configuration());
    part_agrees("docs/protocol.md", "error codes", &documents::error_table());
    part_agrees("docs/protocol.md", "close codes", &documents::close_table());
    part_agrees("docs/operations.md", "metrics", &documents::metrics_table());
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value, name: &str) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#');
                    let target = pointer.and_then(|pointer| document.pointer(pointer));
                    assert!(target.is_some(), "{name}: {reference} leads nowhere");
                }
                fields.values().for_each(|field| check(document, field, name));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item, name)),
            _ => {}
        }
    }
    for (name, json) in [("OpenAPI", documents::openapi()), ("AsyncAPI", documents::asyncapi())] {
        let document: Value = serde_json::from_str(&json).expect("it is JSON");
        check(&document, &document, name);
    }
}

#[test]
fn the_schemas_have_the_codes_that_are_sent() {
    for json in [documents::openapi(), documents::asyncapi()] {
        let document: Value = serde_json::from_str(&json).expect("it is JSON");
        let codes = &document["components"]["schemas"]["ErrorCode"]["enum"];
        let sent: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(*codes, serde_json::json!(sent));
    }
}

#[test]
fn openapi_names_each_operation_once_and_documents_its_errors() {
    let document: Value = serde_json::from_str(&documents::openapi()).expect("it is JSON");
    let mut names = std::collections::HashSet::new();
    for (path, methods) in document["paths"].as_object().expect("it has paths") {
        for (method, operation) in methods.as_object().expect("it has methods") {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(names.insert(name.to_owned()), "{name} stands for two operations");
            assert!(operation["responses"].is_object(), "{method} {path} has no responses");
            if operation["security"].is_array() {
                assert!(operation["responses"]["401"].is_object(), "{method} {path} has no 401");
            }
            let variables = path.matches('{').count();
            let parameters = operation["parameters"].as_array().map_or(0, |parameters| {
                parameters.iter().filter(|parameter| parameter["in"] == "path").count()
            });
            assert_eq!(parameters, variables, "{method} {path}");
        }
    }
}

#[test]
fn every_example_of_the_protocol_is_what_is_said() {
    let text = read("docs/protocol.md");
    let client = blocks(&text, "json client");
    assert!(client.len() > 10);
    for block in client {
        let example: Value = serde_json::from_str(block).expect(block);
        let frame: ClientFrame = serde_json::from_value(example.clone()).expect(block);
        let whole = serde_json::to_value(frame).expect("it serialises");
        assert!(says(&whole, &example), "{block}\nhas a field that is not known: {whole}");
    }
    let server = blocks(&text, "json server");
    assert!(server.len() > 10);
    for block in server {
        let example: Value = serde_json::from_str(block).expect(block);
        let frame = serde_json::from_value::<ServerFrame>(example.clone())
            .map(|frame| serde_json::to_value(frame).expect("it serialises"));
        let event = serde_json::from_value::<Event>(example.clone())
            .map(|event| serde_json::to_value(event).expect("it serialises"));
        let whole = frame.or(event).expect(block);
        assert!(says(&whole, &example), "{block}\nhas a field that is not known: {whole}");
    }
}

/// The values of `type` in a schema of alternatives.
fn types(schemas: &Value, name: &str) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                let tag = fields.get("properties").and_then(|properties| properties.get("type"));
                let names = tag.and_then(|tag| tag.get("enum")).and_then(Value::as_array);
                found.extend(
                    names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
                );
                fields.values().for_each(|field| collect(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&schemas[name], &mut found);
    found
}

#[test]
fn the_protocol_in_words_leaves_nothing_out() {
    let text = read("docs/protocol.md");
    for code in ErrorCode::ALL {
        assert!(text.contains(&format!("| `{}` |", code.as_str())), "{code:?}");
    }
    for code in CloseCode::ALL {
        assert!(text.contains(&format!("| {} |", code.code())), "{code:?}");
    }
    let asyncapi: Value = serde_json::from_str(&documents::asyncapi()).expect("it is JSON");
    let schemas = &asyncapi["components"]["schemas"];
    let mut known = 0;
    for name in ["Command", "ServerFrame", "Event"] {
        for tag in types(schemas, name) {
            known += 1;
            assert!(text.contains(&format!(r#""type": "{tag}""#)), "no example of `{tag}`");
        }
    }
    assert!(known >= 13 + 6 + 7, "only {known} frames are in the schemas");
}

/// What a heading is called in a link, as GitHub and others make it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Where a link of this page leads, if not anywhere.
fn leads_nowhere(page: &Path, link: &str) -> Option<String> {
    let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
    if link.contains("://") {
        return None;
    }
    let target = match file {
        "" => page.to_owned(),
        file => page.parent().expect("it is in a folder").join(file),
    };
    let nowhere = || Some(format!("{}: {link} leads nowhere", page.display()));
    if !target.exists() {
        return nowhere();
    }
    if wanted.is_empty() || target.extension().is_none_or(|end| end != "md") {
        return None;
    }
    let text = fs::read_to_string(&target).expect("it is read");
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let mut headings = headings.map(|line| line.trim_start_matches('#').trim());
    if headings.any(|heading| anchor(heading) == wanted) { None } else { nowhere() }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let mut pages = vec![path("README.md"), path("CHANGELOG.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(path(folder)).expect("the folder is there");
        pages.extend(entries.map(|entry| entry.expect("it is read").path()));
    }
    let mut wrong = Vec::new();
    for page in pages.iter().filter(|page| page.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(page).expect("it is read");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        wrong.extend(links.filter_map(|link| leads_nowhere(page, link)));
    }
    // What an alert tells whoever it wakes.
    let rules = read("helm/rules/starling.yaml");
    let runbooks = rules.lines().filter_map(|line| line.trim().strip_prefix("runbook: "));
    wrong.extend(runbooks.filter_map(|link| leads_nowhere(&path("README.md"), link)));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_flag_can_be_an_environment_variable() {
    for argument in Config::command().get_arguments() {
        let Some(flag) = argument.get_long().filter(|flag| *flag != "print") else { continue };
        let expected = format!("STARLING_{}", flag.replace('-', "_").to_uppercase());
        let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
        assert_eq!(variable, Some(expected), "--{flag}");
    }
}
