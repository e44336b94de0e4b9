//! PostgreSQL with TLS and a certificate from a company's own authority.

use harness::rabbitmq::CA_FILE;
use harness::{Outcome, Settings, TlsPostgres, piecework};
use sqlx::{Connection, Executor, PgConnection};

/// An authority that has issued no certificate.
const OTHER_CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/bus_conformance/other_ca.pem");

/// Runs a command on both databases of the server, as `host` names it, with parameters of the URL.
async fn run(server: &TlsPostgres, command: &str, host: &str, parameters: &str) -> Outcome {
    let url = |database| format!("{}?{parameters}", server.url(host, database));
    let settings: Settings = vec![
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL".to_owned(), url("tracker")),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL".to_owned(), url("accounting")),
    ];
    let data = tempfile::tempdir().unwrap();
    piecework(data.path(), &[command]).settings(&settings).finish().await
}

#[tokio::test]
async fn a_database_is_used_only_if_the_named_authority_has_issued_its_certificate_for_its_host() {
    let server = TlsPostgres::start();
    let mut connection = PgConnection::connect(&server.url("localhost", "postgres")).await.unwrap();
    for database in ["tracker", "accounting"] {
        connection.execute(sqlx::AssertSqlSafe(format!("create database {database}"))).await.unwrap();
    }
    let trusted = format!("sslmode=verify-full&sslrootcert={CA_FILE}");
    run(&server, "migrate", "localhost", &trusted).await.ok();
    run(&server, "doctor", "localhost", &trusted).await.ok();
    for (host, parameters, case) in [
        ("127.0.0.1", trusted.clone(), "a host that the certificate does not name"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={OTHER_CA_FILE}"), "another authority"),
        ("localhost", "sslmode=verify-full".to_owned(), "an authority that this program does not know"),
    ] {
        let refused = run(&server, "doctor", host, &parameters).await;
        assert!(refused.code == Some(1) && refused.stderr.contains("certificate"), "{case}: {refused:?}");
    }
}
