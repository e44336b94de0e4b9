//! What the real program prints and logs of its HTTP server.

use std::io::{Read, Write};
use std::net::TcpStream;

use harness::eventually;

use crate::data_directory::DataDirectory;

#[tokio::test]
async fn the_program_listens_on_an_ipv6_address_and_prints_a_url_that_works() {
    let data = DataDirectory::new();
    for host in ["::1", "[::1]"] {
        let server = data.serve_with(&[("PIECEWORK__HTTP__HOST", host)]).await;
        assert!(server.url().starts_with("http://[::1]:"), "{}", server.url());
        server.api.get("/openapi.json").await.expect_status(200);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_malformed_request_is_no_error_in_the_log_and_is_found_by_its_request_id() {
    let data = DataDirectory::new();
    let server = data.serve_with(&[("PIECEWORK__TELEMETRY__LOG", "info")]).await;
    let mut answer = String::new();
    let mut connection = TcpStream::connect(format!("127.0.0.1:{}", server.port())).unwrap();
    connection.write_all(b"GARBAGE\r\n\r\n").unwrap();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let id = answer.split("x-request-id: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let log = || std::fs::read_to_string(data.path().with_extension("log")).unwrap();
    let line =
        eventually("the refusal is logged", async || log().lines().find(|line| line.contains(id)).map(str::to_owned))
            .await;
    assert!(line.contains("INFO"), "{line}");
    server.stop().await;
    assert!(!log().contains("ERROR"), "{}", log());
}
