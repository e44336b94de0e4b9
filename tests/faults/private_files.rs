//! Other users of the machine cannot read names, pay and passwords in the data directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::{PASSWORD, eventually, piecework};
use rustix::process::geteuid;

use crate::close_day::with_earnings;
use crate::data_directory::DataDirectory;

/// If the program runs as root, the embedded PostgreSQL runs as another user, who passes through
/// the data directory.
fn directory_mode() -> u32 {
    if geteuid().is_root() { 0o711 } else { 0o700 }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn assert_mode(path: &Path, expected: u32) {
    assert_eq!(mode(path), expected, "{} is {:o}", path.display(), mode(path));
}

fn make(path: &Path, mode: u32, content: Option<&str>) {
    match content {
        None => fs::create_dir_all(path).unwrap(),
        Some(content) => fs::write(path, content).unwrap(),
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mails(data_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data_dir.join("mail")).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "eml")).collect()
}

#[tokio::test]
async fn a_new_data_directory_and_its_mail_are_private() {
    let data = DataDirectory::new();
    let server = with_earnings(&data, &["ann@example.org"]).await;
    let anna = server.api.login("anna@example.org", PASSWORD).await;
    let today = anna.read_all("/days", 200).await[0]["date"].as_str().unwrap().to_owned();
    anna.post_nothing(&format!("/days/{today}/close")).await.ok();
    let written = async || mails(&data.path()).first().cloned();
    let mail = eventually("the mail is written", written).await;
    assert_mode(&data.path(), directory_mode());
    assert_mode(&data.path().join("mail"), 0o700);
    assert_mode(&mail, 0o600);
    assert_mode(&data.path().join("postgres"), directory_mode());
    for secret in ["password", "server", "log"] {
        assert_eq!(mode(&data.path().join("postgres").join(secret)) & 0o077, 0, "postgres/{secret} is readable");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_start_takes_the_rights_of_other_users_from_an_existing_data_directory() {
    let data = DataDirectory::new();
    let directory = data.path();
    make(&directory, 0o755, None);
    for folder in ["mail", "demo", "demo/mail"] {
        make(&directory.join(folder), 0o755, None);
    }
    let files = ["mail/old.eml", "mail/half.eml.tmp", "demo/demo.json", "demo/mail/old.eml"];
    for file in files {
        make(&directory.join(file), 0o644, Some("{}"));
    }
    // A link is not followed.
    let outside = data.write("outside.eml", "");
    fs::set_permissions(&outside, Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&outside, directory.join("mail/link.eml")).unwrap();

    let server = data.serve().await;
    for folder in ["", "demo"] {
        assert_mode(&directory.join(folder), directory_mode());
    }
    for folder in ["mail", "demo/mail"] {
        assert_mode(&directory.join(folder), 0o700);
    }
    for file in files {
        assert_mode(&directory.join(file), 0o600);
    }
    assert_mode(&outside, 0o644);
    server.stop().await;
}

#[tokio::test]
async fn a_directory_with_files_of_other_programs_keeps_its_mode_and_mail_in_it_is_private() {
    let data = DataDirectory::new();
    make(&data.path(), 0o755, None);
    make(&data.path().join("notes.txt"), 0o644, Some("mine"));
    make(&data.path().join("mail"), 0o755, None);
    let server = data.serve().await;
    assert_mode(&data.path(), 0o755);
    assert_mode(&data.path().join("notes.txt"), 0o644);
    assert_mode(&data.path().join("mail"), 0o700);
    server.stop().await;
}

#[tokio::test]
async fn a_command_creates_missing_parents_that_the_embedded_postgresql_can_pass() {
    let data = DataDirectory::new();
    let deep = data.path().join("not/there/yet");
    piecework(&deep, &["migrate"]).finish().await.ok();
    for directory in [data.path(), data.path().join("not"), deep.clone()] {
        assert_mode(&directory, directory_mode());
    }
    crate::data_directory::Postgres::of(&deep).wait_for_end();
}
