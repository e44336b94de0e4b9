//! The web frontend: the page, the files that it loads, and what is neither.

use std::collections::BTreeMap;

use harness::{Answer, Company, send};
use reqwest::Method;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, IF_NONE_MATCH};

/// What a browser accepts when it opens a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn get(company: &Company, path: &str, accept: &str, accept_encoding: &str) -> Answer {
    let request = company.system.api.request_outside(Method::GET, path);
    send(request.header(ACCEPT, accept).header(ACCEPT_ENCODING, accept_encoding)).await
}

/// The paths of the files that the page loads.
fn files_of(page: &str) -> Vec<&str> {
    let quoted = page.split('"').filter(|text| text.starts_with('/') && text.contains('.'));
    quoted.collect()
}

#[tokio::test]
async fn every_path_that_is_not_of_the_api_is_the_page_for_a_browser() {
    let company = Company::new().await;
    for path in ["/", "/login?sso_error=x", "/tasks", "/tasks/0198-x", "/wallet/days/2026-03-02", "/index.html"] {
        let page = get(&company, path, BROWSER, "identity").await.expect_status(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert!(page.text.starts_with("<!doctype html>"), "{path}");
    }
    for path in ["/api", "/api/v2/tasks", "/api/v1/nowhere", "/livez/x", "/.well-known/x", "/assets", "/assets/a/b.js"]
    {
        get(&company, path, BROWSER, "identity").await.expect_problem(404, "no_such_route");
    }
    get(&company, "/assets/of-another-version.js", BROWSER, "identity").await.expect_problem(404, "not_found");
    // A script, an image and a program do not name HTML.
    get(&company, "/tasks", "*/*", "identity").await.expect_problem(404, "no_such_route");
    get(&company, "/", "*/*", "identity").await.expect_status(200);
    let posted = send(company.system.api.request_outside(Method::POST, "/tasks").header(ACCEPT, BROWSER)).await;
    posted.expect_problem(404, "no_such_route");
    company.finish().await;
}

#[tokio::test]
async fn each_answer_with_the_page_has_a_nonce_of_its_own_in_the_policy_and_in_the_page() {
    let company = Company::new().await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = get(&company, "/tasks", BROWSER, "gzip, br").await.expect_status(200);
        let policy = page.header("content-security-policy").unwrap();
        let nonce = policy.split("style-src 'self' 'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(nonce.len() >= 32, "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("script-src 'self';"), "{policy}");
        let page = get(&company, "/tasks", BROWSER, "identity").await;
        let meta = "<meta property=\"csp-nonce\" nonce=\"";
        let in_page = page.text.split(meta).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains(&format!("'nonce-{in_page}'")), "{policy}");
        let version = page.header("x-piecework-version").unwrap();
        assert!(page.text.contains(&format!("<meta name=\"piecework-version\" content=\"{version}\"")), "{page:?}");
        nonces.extend([nonce, in_page]);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "no nonce is used twice");
    let api = company.worker.api.get("/me").await;
    assert!(api.header("x-piecework-version").is_some(), "an open page learns the version from any answer");
    company.finish().await;
}

#[tokio::test]
async fn a_file_is_sent_in_the_best_accepted_encoding_and_its_tag_names_the_encoding() {
    let company = Company::new().await;
    let page = get(&company, "/", BROWSER, "identity").await;
    let files: Vec<&str> = files_of(&page.text);
    let asset = *files.iter().find(|file| file.starts_with("/assets/")).expect("the page loads a script");
    let (mut tags, mut lengths) = (Vec::new(), BTreeMap::new());
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("gzip;q=0, br;q=0", "identity"),
        ("deflate", "identity"),
        ("*", "identity"),
        ("identity", "identity"),
    ] {
        let file = get(&company, asset, "*/*", accepted).await.expect_status(200);
        assert_eq!(file.header("content-encoding"), Some(encoding), "{accepted}");
        assert_eq!(file.header("vary").map(str::to_lowercase).as_deref(), Some("accept-encoding"), "{accepted}");
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
        lengths.insert(encoding, file.header("content-length").unwrap().parse::<u64>().unwrap());
        let tag = file.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "a strong tag: {tag}");
        let again = company.system.api.request_outside(Method::GET, asset);
        let again = again.header(ACCEPT_ENCODING, accepted).header(IF_NONE_MATCH, format!("\"other\", {tag}"));
        let again = send(again).await.expect_status(304);
        assert!(again.text.is_empty() && again.header("etag") == Some(&*tag) && again.header("vary").is_some());
        tags.push((encoding, tag));
    }
    tags.sort();
    tags.dedup();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
    assert_eq!(tags.len(), 3, "one tag for each encoding: {tags:?}");
    let other = company.system.api.request_outside(Method::GET, asset).header(ACCEPT_ENCODING, "gzip");
    let known = tags.iter().find(|(encoding, _)| *encoding == "br").unwrap().1.clone();
    send(other.header(IF_NONE_MATCH, known)).await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn every_file_that_the_page_loads_is_there_and_comes_from_this_server() {
    let company = Company::new().await;
    let page = get(&company, "/", BROWSER, "identity").await;
    assert!(!page.text.contains("//"), "no address of another server: {}", page.text);
    let files = files_of(&page.text);
    assert!(files.iter().any(|file| file.ends_with(".svg")) && files.iter().any(|file| file.ends_with(".js")));
    for path in files {
        let file = get(&company, path, "*/*", "identity").await.expect_status(200);
        assert!(!file.text.is_empty());
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        let head = send(company.system.api.request_outside(Method::HEAD, path)).await.expect_status(200);
        assert!(head.text.is_empty());
        assert_eq!(head.header("content-length").unwrap(), file.text.len().to_string());
    }
    company.finish().await;
}
