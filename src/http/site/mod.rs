//! The web client: files that are in the program, or in a folder, and its pages.
//!
//! Everything is in memory from the start, by its whole path: a request names a file that is there, or
//! none, and never reaches a disk.

mod coding;
mod files;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, Header, HeaderMap, HeaderName, IfNoneMatch, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

pub use files::Site;
use files::{File, Form};

/// What stands at `/`, and at every address of a page.
const INDEX: &str = "/index.html";

/// Nothing below these is a page.
const NO_PAGES: &[&str] = &["api", "assets", "docs", "health", "metrics"];

/// Scripts, styles and connections of this server alone, nothing inline. `data:` and `blob:` are
/// images that the client makes itself. `'self'` in `connect-src` is the socket, too. No text becomes
/// a script or markup but through the client's one policy, `starling`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types starling";

/// The file that is asked for, or the page where the address looks like one: the client itself knows
/// which pages there are. `None` where there is neither.
pub fn answer(site: &Site, request: &HttpRequest) -> Option<HttpResponse> {
    let path = request.path();
    let page = || is_page(path, request.headers()).then(|| site.get(INDEX)).flatten();
    let file = site.get(path).or_else(page)?;
    Some(file.answer(request))
}

fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    path == "/" || !NO_PAGES.contains(&first) && !last.contains('.') && takes_pages(headers)
}

/// A script that asks for data is not to be given a page in its place.
fn takes_pages(headers: &HeaderMap) -> bool {
    let mut kinds = words(headers, &ACCEPT).peekable();
    kinds.peek().is_none()
        || kinds.any(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            ["text/html", "text/*", "*/*"].iter().any(|page| kind.eq_ignore_ascii_case(page))
        })
}

/// The parts of a header that is a list.
fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','))
}

impl File {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let wanted = words(request.headers(), &ACCEPT_ENCODING);
        let form = coding::choose(&self.forms, |form| form.coding, wanted);
        let known = is_known(form, request);
        let status = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((ETAG, form.tag.to_string()))
            .insert_header((CACHE_CONTROL, self.caching()))
            .insert_header((VARY, "accept-encoding"))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY));
        if known {
            return answer.finish();
        }
        if let Some(name) = form.coding.name() {
            answer.insert_header((CONTENT_ENCODING, name));
        }
        answer.insert_header((CONTENT_TYPE, self.content_type)).body(form.bytes.clone())
    }
}

/// Whether the client has it already (RFC 9110, section 13.1.2).
fn is_known(form: &Form, request: &HttpRequest) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&form.tag)),
        Err(_) => false,
    }
}
