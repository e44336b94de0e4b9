//! The link for the first admin on a machine whose database is slower than the program.

use harness::{Proxy, create_first_admin, empty_database, eventually};
use serde_json::{Value, json};
use sqlx::Executor;

use crate::data_directory::DataDirectory;

#[tokio::test]
async fn the_link_for_the_first_admin_is_printed_as_soon_as_the_database_answers() {
    let data = DataDirectory::new();
    let (tracker, accounting) = tokio::join!(empty_database(), empty_database());
    let mut proxy = Proxy::cut_to(tracker.options().get_port()).await;
    let settings = [
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", &*proxy.instead_of(&tracker.url())),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", &*accounting.url()),
        ("PIECEWORK__TELEMETRY__LOG", "info"),
    ];
    let mut server = data.serve_with(&settings).await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null);
    assert_eq!(server.greeting["waiting_for"], json!(["tracker"]));
    let said = async || server.log().contains("piecework people add --role admin").then_some(());
    eventually("the log says how to add an admin", said).await;
    proxy.restore().await;
    let printed = server.next_value().await;
    let token = printed["first_admin_token"].as_str().unwrap();
    let admin = create_first_admin(&server.api, token).await;
    assert_eq!(admin.api.get("/me").await.ok()["role"], "admin");
    server.stop().await;

    // With a person, nothing is printed but the greeting, and a signal ends the wait at once.
    proxy.cut().await;
    let server = data.serve_with(&settings).await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_create_the_link_works_and_prints_it_later() {
    let data = DataDirectory::new();
    let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
    let mut proxy = Proxy::cut_to(tracker.options().get_port()).await;
    let settings = [
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", &*proxy.instead_of(&tracker.url())),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", &*accounting.url()),
    ];
    let mut database = tracker.connect().await;
    database.execute("alter table identity.links rename to unavailable_links").await.unwrap();
    let mut server = data.serve_with(&settings).await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null);
    proxy.restore().await;
    let logged = async || server.log().contains("the link for the first admin could not be created").then_some(());
    eventually("the log says that there is no link", logged).await;
    server.api.get("/openapi.json").await.expect_status(200);
    database.execute("alter table identity.unavailable_links rename to links").await.unwrap();
    let printed = server.next_value().await;
    create_first_admin(&server.api, printed["first_admin_token"].as_str().unwrap()).await;
    server.stop().await;
}
