//! A backup of the embedded databases, restored into another data directory.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{PASSWORD, assert_verified, create_person, piecework};
use serde_json::Value;

use crate::data_directory::DataDirectory;

/// Asserts that only the owner can read the folder and everything in it.
fn assert_private(path: &Path) {
    let metadata = path.metadata().unwrap();
    let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
    assert_eq!(metadata.permissions().mode() & 0o777, expected, "{}", path.display());
    if metadata.is_dir() {
        path.read_dir().unwrap().for_each(|entry| assert_private(&entry.unwrap().path()));
    }
}

#[tokio::test]
async fn the_embedded_databases_are_backed_up_and_restored_into_another_data_directory() {
    let (data, other) = (DataDirectory::new(), DataDirectory::new());
    create_person(&data.path(), "ada@example.org", "admin").await;
    create_person(&data.path(), "ann@example.org", "worker").await;
    let folder = data.root().join("backup");
    let folder = folder.to_str().unwrap();
    let printed = piecework(&data.path(), &["backup", folder]).finish().await.ok();
    assert!(printed.contains("The backup is complete"), "{printed}");
    assert_private(Path::new(folder));

    let printed = piecework(&other.path(), &["restore", folder]).finish().await.ok();
    assert!(printed.contains("All invariants hold."), "{printed}");
    let server = other.serve().await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null, "the admin exists");
    let ann = server.api.login("ann@example.org", PASSWORD).await;
    ann.create_task("The pool is there").await;
    server.stop().await;
    assert_verified(&other.path()).await;
}
