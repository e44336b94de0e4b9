//! `backup` and `restore`: both databases into a folder, and back into empty ones.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::installation::{Installation, People};

/// Changes the manifest of a backup.
fn change_manifest(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, manifest.to_string()).unwrap();
}

/// A copy of a backup that a test may damage.
fn copy_of(folder: &Path, name: &str) -> PathBuf {
    let copy = folder.with_file_name(name);
    for entry in walk(folder) {
        let target = copy.join(entry.strip_prefix(folder).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&entry, target).unwrap();
    }
    copy
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_backup_of_a_running_system_is_restored_into_empty_databases() {
    let installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(10).await;
    installation.assert_verified().await;
    assert!(people.close_day().await > 0, "nobody is paid");
    let odd = json!({ "title": "[POP-42] \\back\\slash and «кавычки»", "description": "A tab\tand\nanother line \\N" });
    people.manager.post("/tasks", &odd).await.expect_status(201);
    installation.assert_verified().await;
    let before = installation.totals().await;

    // Work goes on while the backup is created.
    let folder = installation.beside("backup");
    let arguments = ["backup", "--json", text(&folder)];
    let (manifest, ()) = tokio::join!(installation.command(&arguments), people.work(10));
    let manifest = manifest.json();
    let names: Vec<&Value> = manifest["databases"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["accounting", "tracker"]);
    assert_eq!((&manifest["program"], &manifest["currency"]), (&json!("piecework"), &json!("USD")));
    let refused = installation.command(&["backup", text(&folder)]).await.failed(1);
    assert!(refused.contains("is not empty"), "{refused}");
    server.stop().await;

    let restored = Installation::empty(&installation).await;
    let report = restored.command(&["restore", "--json", text(&folder)]).await.json();
    assert_eq!((&report["report"]["findings"], &report["report"]["events_in_flight"]), (&json!([]), &json!(0)));
    restored.assert_verified().await;
    let after = restored.totals().await;
    for name in ["tasks", "assignments", "transfers", "prices", "mails"] {
        assert!(after.of(name) >= before.of(name), "{name}: {after:?} {before:?}");
    }
    // The restored system goes on: passwords, sequences and the open day are there.
    let server = restored.serve().await;
    let people = People::log_in(&server).await;
    let titles = people.manager.tasks_by_id().await;
    let listed = titles.values().find(|task| task["reference"] == "POP-42").unwrap();
    let found = people.manager.read(&format!("/tasks/{}", listed["id"].as_str().unwrap())).await;
    assert_eq!((&found["title"], &found["description"]), (&json!("\\back\\slash and «кавычки»"), &odd["description"]));
    people.work(5).await;
    restored.assert_verified().await;
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_or_damaged_backup_and_a_database_with_data_are_refused() {
    let installation = Installation::with_people().await;
    let folder = installation.beside("backup");
    installation.command(&["backup", text(&folder)]).await.ok();
    let restored = Installation::empty(&installation).await;
    let refused = async |folder: &Path, code: i32, reason: &str| {
        let error = restored.command(&["restore", text(folder)]).await.failed(code);
        assert!(error.contains(reason), "{reason}: {error}");
    };
    refused(&installation.beside("nothing"), 1, "is no backup").await;

    let unfinished = copy_of(&folder, "unfinished");
    fs::remove_file(unfinished.join("manifest.json")).unwrap();
    refused(&unfinished, 1, "interrupted").await;

    let foreign = copy_of(&folder, "foreign");
    for (field, value, code, reason) in [
        ("program", json!("another"), 1, "another"),
        ("format", json!(2), 1, "layout 2"),
        ("currency", json!("EUR"), 2, "the backup is in EUR"),
        ("databases", json!([]), 1, "does not contain the database"),
    ] {
        let before = fs::read(foreign.join("manifest.json")).unwrap();
        change_manifest(&foreign, |manifest| manifest[field] = value);
        refused(&foreign, code, reason).await;
        fs::write(foreign.join("manifest.json"), before).unwrap();
    }
    change_manifest(&foreign, |manifest| {
        let migrations = manifest["databases"][0]["modules"][0]["migrations"].as_array_mut().unwrap();
        migrations.push(json!({ "version": 9_999, "checksum": "00" }));
    });
    refused(&foreign, 1, "the migration 9999").await;

    let damaged = copy_of(&folder, "damaged");
    let file = damaged.join("identity/people.copy.gz");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    refused(&damaged, 1, "is damaged").await;
    fs::write(&file, &bytes[..middle]).unwrap();
    refused(&damaged, 1, "is damaged").await;
    fs::remove_file(&file).unwrap();
    refused(&damaged, 1, "people.copy.gz").await;

    // The refusals have changed nothing.
    restored.command(&["restore", text(&folder)]).await.ok();
    refused(&folder, 1, "is not empty").await;
    restored.assert_verified().await;
}
