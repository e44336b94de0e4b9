//! A page that explains every code of a problem. It needs no script and no style.

use std::fmt::Write;

use actix_web::http::header;
use actix_web::{HttpResponse, Responder, get};
use kernel::http::problem::ProblemCode;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::problem_codes;

/// Adds the page.
pub fn add_routes(api: &mut ServiceConfig<'_>) {
    api.service(get_problems);
}

/// Gets a page with the meaning and the remedy of every problem code
#[utoipa::path(
    tag = "system",
    responses((status = 200, body = String, content_type = "text/html", description = "A web page with an anchor for each code"))
)]
#[get("/problems")]
async fn get_problems() -> impl Responder {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(page(&problem_codes::all()))
}

fn page(codes: &[ProblemCode]) -> String {
    let rows = codes.iter().fold(String::new(), |mut rows, known| {
        let ProblemCode { status, code, meaning, remedy } = known;
        let (meaning, remedy) = (escape(meaning), escape(remedy));
        // Writing to a text cannot fail.
        let _written = writeln!(
            rows,
            "<tr id=\"{code}\"><td>{status}</td><th scope=\"row\"><a href=\"#{code}\"><code>{code}</code></a></th>\
             <td>{meaning}</td><td>{remedy}</td></tr>"
        );
        rows
    });
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Piecework: problem codes</title>\n</head>\n\
         <body>\n<h1>Problem codes</h1>\n<p>Every error of the API is a problem document (RFC 9457) with one of these \
         codes in <code>code</code>.</p>\n<table>\n<thead><tr><th>Status</th><th>Code</th><th>Meaning</th>\
         <th>Remedy</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</body>\n</html>\n"
    )
}

/// Escapes a text for HTML. A text between backticks becomes code.
fn escape(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_an_anchor_for_each_code_and_escapes_its_texts() {
        let codes = problem_codes::all();
        let page = page(&codes);
        for known in &codes {
            assert!(page.contains(&format!("<tr id=\"{}\">", known.code)), "{}", known.code);
        }
        assert_eq!(escape("a < b & `GET /x`"), "a &lt; b &amp; <code>GET /x</code>");
    }
}
