//! What a browser learns from the headers of each response, and what it lets pages of other origins
//! do.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Server;
use super::tests::{assert_problem, probe, send, start_with_settings};

const STRICT: &str = "strict-transport-security: max-age=63072000; includeSubDomains\r\n";
const HTTPS: [(&str, &str); 1] = [("PIECEWORK__HTTP__PUBLIC_URL", "https://piecework.example.org")];
const ALLOWED: [(&str, &str); 1] =
    [("PIECEWORK__HTTP__ALLOWED_ORIGINS", "https://app.example.org,http://localhost:3000")];

/// Sends bytes as they are, and reads to the end.
async fn send_raw(server: &Server, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    connection.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// One answer of each kind: of a handler, of the router, of middlewares, of the parser.
async fn answers(server: &Server) -> Vec<String> {
    let mut answers = Vec::new();
    for request in [
        "GET /livez HTTP/1.1",
        "GET / HTTP/1.1",
        "GET /metrics HTTP/1.1",
        "GET /nowhere HTTP/1.1",
        "GET /api/v1/docs HTTP/1.1",
        "GET /api/v1/docs/swagger-ui.css HTTP/1.1",
        "GET /api/v1/docs/swagger-ui-bundle.js HTTP/1.1",
        "GET /api/v1/problems HTTP/1.1",
        "GET /robots.txt HTTP/1.1",
        "GET /api/v1/probe/x HTTP/1.1",
        "GET /api/v1/openapi.json HTTP/1.1",
        "GET /api/v1/nowhere HTTP/1.1",
        "GET /api/v1/probe/panic HTTP/1.1",
        "GET /api/v1/probe/slow HTTP/1.1",
        "GET /api/v1/probe/teapot HTTP/1.1",
        "HEAD /api/v1/probe/x HTTP/1.1",
        "DELETE /api/v1/probe/x HTTP/1.1",
        "OPTIONS /api/v1/probe/x HTTP/1.1",
        "POST /api/v1/probe/x HTTP/1.1\nContent-Type: text/plain\n\n{}",
        "GET /livez HTTP/1.1\nAccept-Encoding: br, *;q=0",
    ] {
        answers.push(send(server, request).await);
    }
    let long = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &[b'a'; 140_000], b"\r\n\r\n"].concat();
    for garbage in [b"garbage\r\n\r\n".as_slice(), &long] {
        let answer = send_raw(server, garbage).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"), "{answer}");
        answers.push(answer);
    }
    answers
}

#[tokio::test]
async fn every_answer_has_the_headers_that_restrict_a_browser() {
    let server = start_with_settings(vec![probe()], &HTTPS);
    for answer in answers(&server).await {
        for header in [
            STRICT,
            "x-content-type-options: nosniff\r\n",
            "x-frame-options: DENY\r\n",
            "referrer-policy: no-referrer\r\n",
            "cross-origin-opener-policy: same-origin\r\n",
            "cross-origin-resource-policy: same-origin\r\n",
            "permissions-policy: accelerometer=(), camera=(), ",
            "content-security-policy: default-src 'none'; ",
        ] {
            assert_eq!(answer.matches(header).count(), 1, "{header} in {answer}");
        }
        let policy =
            answer.split("content-security-policy: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        for directive in ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{policy}");
        }
        // Without its encoding, a browser would guess how to read a text.
        let content_type = answer.split("content-type: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let is_named = content_type.is_none_or(|found| !found.starts_with("text/") || found.contains("charset=utf-8"));
        assert!(is_named, "{content_type:?}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains('*'), "{policy}");
    }
    server.stop().await;
}

#[tokio::test]
async fn without_tls_no_answer_asks_for_it() {
    let server = start_with_settings(vec![probe()], &[]);
    for answer in answers(&server).await {
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_answers_without_cookies() {
    let server = start_with_settings(vec![probe()], &ALLOWED);
    let preflight = "OPTIONS /api/v1/probe/x HTTP/1.1\nAccess-Control-Request-Method: POST\nOrigin: ";
    for origin in ["https://app.example.org", "http://localhost:3000"] {
        let answer = send(&server, &format!("{preflight}{origin}")).await;
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        for header in [
            "access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n",
            "access-control-allow-headers: Authorization, *\r\n",
            "access-control-max-age: 7200\r\n",
        ] {
            assert!(answer.contains(header), "{header} in {answer}");
        }
        let read = send(&server, &format!("GET /api/v1/probe/x HTTP/1.1\nOrigin: {origin}")).await;
        let error = send(&server, &format!("GET /api/v1/nowhere HTTP/1.1\nOrigin: {origin}")).await;
        assert_problem(&error, 404, "no_such_route");
        for answer in [answer, read, error] {
            assert!(answer.contains(&format!("access-control-allow-origin: {origin}\r\n")), "{answer}");
            assert!(answer.to_lowercase().contains("vary: origin\r\n"), "{answer}");
            assert!(!answer.contains("access-control-allow-credentials"), "{answer}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_nothing() {
    for settings in [&ALLOWED[..], &[]] {
        let server = start_with_settings(vec![probe()], settings);
        for origin in ["https://evil.example", "https://app.example.org.evil.example", "http://app.example.org", "null"]
        {
            for request in [
                "OPTIONS /api/v1/probe/x HTTP/1.1\nAccess-Control-Request-Method: POST",
                "GET /api/v1/probe/x HTTP/1.1",
                "GET /livez HTTP/1.1",
            ] {
                let answer = send(&server, &format!("{request}\nOrigin: {origin}")).await;
                assert!(!answer.contains("access-control-"), "{request} {origin}: {answer}");
            }
        }
        server.stop().await;
    }
}
