//! The web frontend: the page with its policy, and the files that it loads. All of them are
//! compiled into the program.

use actix_web::http::Method;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, EntityTag, IfNoneMatch};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use kernel::http::accept::Accept;
use kernel::text::hex;
use kernel::{Ambient, Problem};

use super::gateway::Gateway;
use super::split_body::SplitBody;
use super::system::route_table::{get_only, no_such_route};

// The files of `app/ui/dist`, as `app/build.rs` embeds them: `VERSION`, `PAGE` and `FILES`.
include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The first segments of the paths that are never a page.
const NOT_PAGES: [&str; 6] = ["api", "assets", "livez", "readyz", "metrics", ".well-known"];
/// Each file has a digest of its content in its name, so it never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Number of random bytes in a nonce.
const NONCE_BYTES: usize = 16;

/// A file of the frontend.
pub struct File {
    /// The path of its URL.
    path: &'static str,
    content_type: &'static str,
    /// A digest of the content.
    digest: &'static str,
    identity: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

/// Adds the page at `/`, and the files.
pub fn add_routes(app: &mut ServiceConfig) {
    app.service(get_only("/", get_page)).service(get_only("/assets/{file}", get_file));
}

/// Answers a path that has no route: with the page, if the path may be one of its own, and
/// otherwise with 404. It is the default service of the server.
///
/// A browser accepts `text/html` by name when it opens a page, and not when a script, an image or a
/// program asks.
pub async fn get_other(gateway: web::Data<Gateway>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let is_page = *request.method() == Method::GET
        && may_be_page(request.path())
        && Accept::of(request.headers()).names("text/html");
    if is_page { Ok(page(&gateway.ambient)) } else { Err(no_such_route()) }
}

async fn get_page(gateway: web::Data<Gateway>) -> HttpResponse {
    page(&gateway.ambient)
}

async fn get_file(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    let found = FILES.iter().find(|file| file.path == path);
    found.map(|file| file.answer(&request)).ok_or_else(|| Problem::not_found("file"))
}

fn may_be_page(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    !NOT_PAGES.contains(&first)
}

/// The page with a nonce of its own, so no cache may keep it. Styles that the page's scripts add
/// have the nonce.
fn page(ambient: &Ambient) -> HttpResponse {
    let nonce = nonce(ambient);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src \
         'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let page = PAGE.replace("__CSP_NONCE__", &nonce).replace("__PIECEWORK_VERSION__", VERSION);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(page)
}

fn nonce(ambient: &Ambient) -> String {
    let mut bytes = [0; NONCE_BYTES];
    ambient.fill(&mut bytes);
    hex(&bytes)
}

impl File {
    /// The file in the best encoding that the client accepts, or 304 if the client has it.
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (encoding, bytes) = self.negotiate(request.get_header().as_ref());
        // A strong tag names the bytes that are sent, so it differs between encodings.
        let etag = EntityTag::new_strong(format!("{}-{}", self.digest, encoding.as_str()));
        let is_known = match request.get_header::<IfNoneMatch>() {
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&etag)),
            None => false,
        };
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, etag.to_string()))
            .insert_header((header::CACHE_CONTROL, IMMUTABLE))
            .insert_header((header::VARY, "accept-encoding"));
        if is_known {
            return response.finish();
        }
        response
            .content_type(self.content_type)
            // The compressor does not touch a response that has a content encoding.
            .insert_header((header::CONTENT_ENCODING, encoding.as_str()))
            .body(SplitBody::new(Bytes::from_static(bytes)))
    }

    fn negotiate(&self, accepted: Option<&AcceptEncoding>) -> (ContentEncoding, &'static [u8]) {
        let encodings = [(ContentEncoding::Brotli, self.brotli), (ContentEncoding::Gzip, self.gzip)];
        let best = encodings.into_iter().find(|(encoding, _)| {
            let encoding = Encoding::Known(*encoding);
            let found = accepted.and_then(|accepted| accepted.negotiate([&encoding].into_iter()));
            found.as_ref() == Some(&encoding)
        });
        best.unwrap_or((ContentEncoding::Identity, self.identity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_api_or_of_monitoring_is_never_a_page() {
        for page in ["/", "/tasks", "/tasks/0198", "/login", "/apiary", "/assets-of-ours", "/readyz.html"] {
            assert!(may_be_page(page), "{page}");
        }
        for other in ["/api", "/api/", "/api/v2/tasks", "/assets", "/assets/a/b.js", "/livez/x", "/.well-known/x"] {
            assert!(!may_be_page(other), "{other}");
        }
    }

    #[test]
    fn each_encoding_of_a_file_has_the_same_content() {
        use std::io::Read;
        assert!(!FILES.is_empty());
        for file in FILES {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(file.gzip).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, file.identity, "{}", file.path);
            unpacked.clear();
            brotli::Decompressor::new(file.brotli, 4096).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, file.identity, "{}", file.path);
        }
    }
}
