//! The import of files: the demo's backlog, and every kind of invalid file.

use std::path::Path;

use harness::{Api, Outcome, PASSWORD, assert_verified, create_person, eventually, piecework};
use serde_json::{Value, json};

use crate::data_directory::DataDirectory;

/// The backlog of the demo: 974 tasks.
const BACKLOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/backlog.csv");

async fn import(data: &DataDirectory, what: &str, file: &Path, options: &[&str]) -> Outcome {
    let arguments = [&["import", what, "--json", file.to_str().unwrap()], options].concat();
    piecework(&data.path(), &arguments).finish().await
}

#[tokio::test]
async fn the_backlog_is_imported_once_with_every_character_intact() {
    let data = DataDirectory::new();
    create_person(&data.path(), "ann@example.org", "worker").await;
    let backlog = Path::new(BACKLOG);
    let summary = import(&data, "tasks", backlog, &["--dry-run"]).await.json();
    assert_eq!((&summary["added"], &summary["committed"]), (&json!(974), &json!(false)));
    let summary = import(&data, "tasks", backlog, &[]).await.json();
    assert_eq!((&summary["rows"], &summary["added"], &summary["refused"]), (&json!(974), &json!(974), &json!(0)));
    assert_eq!(summary["unused_columns"], json!(["posted_on", "difficulty"]));

    let server = data.serve().await;
    let summary = import(&data, "tasks", backlog, &[]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(974)));

    let tasks = server.api.login("ann@example.org", PASSWORD).await.tasks_by_id().await;
    assert_eq!(tasks.len(), 974);
    let text = |task: &Value, field: &str| task[field].as_str().unwrap_or_default().to_owned();
    let mut found: Vec<(String, String)> =
        tasks.values().map(|task| (text(task, "title"), text(task, "link"))).collect();
    let mut reader = csv::Reader::from_path(BACKLOG).unwrap();
    let mut wanted: Vec<(String, String)> = reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[1].trim().to_owned(), row[2].trim().to_owned()))
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    // The backlog has the characters that are hard to import.
    let some_title = |wanted: &dyn Fn(&str) -> bool| found.iter().any(|(title, _)| wanted(title));
    assert!(some_title(&|title| title.contains('"')) && some_title(&|title| title.contains('`')));
    assert!(some_title(&|title| title.contains('<')) && some_title(&|title| !title.is_ascii()));
    assert!(
        some_title(&|title| title.starts_with("[netstack3]")),
        "brackets that are no reference are part of the title"
    );
    assert!(tasks.values().all(|task| task["reference"].is_null()));
    // Imported tasks are priced like all others.
    let priced = async || {
        let tasks = server.api.login("ann@example.org", PASSWORD).await.tasks_by_id().await;
        tasks.values().all(|task| task["price"]["fee"]["amount_minor"].as_i64() >= Some(1_000)).then_some(())
    };
    eventually("every task has a price", priced).await;
    server.stop().await;
    assert_verified(&data.path()).await;
}

#[tokio::test]
async fn invalid_files_and_rows_are_reported_with_their_reason_and_change_nothing() {
    let data = DataDirectory::new();
    create_person(&data.path(), "ann@example.org", "worker").await;
    let server = data.serve().await;
    let ann = server.api.login("ann@example.org", PASSWORD).await;
    invalid_task_rows(&data, &ann).await;
    unusual_but_valid_files(&data, &ann).await;
    unreadable_files(&data).await;
    assert_eq!(ann.tasks_by_id().await.len(), 7, "a failed import has created tasks");
    invalid_people_rows(&data, &ann).await;
    server.stop().await;
    assert_verified(&data.path()).await;
}

async fn invalid_task_rows(data: &DataDirectory, ann: &Api) {
    let long = "x".repeat(501);
    let content = format!(
        "title,reference,link,created_by,external_id\n\
         Good,,,ANN@example.org,\n\
         \"  \",,,,5\n\
         \"Two\nlines\",,,,\n\
         Reference,pop-1,,,\n\
         [POP-1] Two references,POP-2,,,\n\
         Link,,ftp://example.org,,\n\
         Stranger,,,nobody@example.org,\n\
         too,few\n\
         {long},,,,\n\
         [POP-42] - Also good,,https://example.org/?a=1&b=“2”,,7\n"
    );
    let file = data.write("invalid.csv", content);
    let reasons = [
        "line 3: title: ",
        "line 4: title: ",
        "line 6: reference: ",
        "line 7: reference: ",
        "line 8: link: ",
        "line 9: created_by: no person has the address nobody@example.org",
        "line 10: 2 fields, but the first line names 5 columns",
        "line 11: title: a title has at most 500 characters, this one has 501",
    ];
    for options in [&[][..], &["--dry-run"], &["--dry-run", "--skip-bad"]] {
        let errors = import(data, "tasks", &file, options).await.failed(1);
        for reason in reasons {
            assert!(errors.contains(reason), "not reported: {reason}\n{errors}");
        }
        assert_eq!(ann.tasks_by_id().await.len(), 0, "with {options:?} tasks were created");
    }
    let summary = import(data, "tasks", &file, &["--skip-bad"]).await.json();
    assert_eq!((&summary["rows"], &summary["added"], &summary["refused"]), (&json!(10), &json!(2), &json!(8)));
    let summary = import(data, "tasks", &file, &["--skip-bad"]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(2)));
    let tasks = ann.tasks_by_id().await;
    let second = tasks.values().find(|task| task["title"] == "Also good").unwrap();
    assert_eq!((&second["reference"], &second["link"]), (&json!("POP-42"), &json!("https://example.org/?a=1&b=“2”")));
    assert_eq!(
        tasks.values().find(|task| task["title"] == "Good").unwrap()["created_by"]["id"],
        ann.get("/me").await.ok()["id"]
    );
}

async fn unusual_but_valid_files(data: &DataDirectory, ann: &Api) {
    let before = ann.tasks_by_id().await.len();
    let content =
        "\u{feff}title,description\r\nFrom Windows,\"one\r\ntwo\"\r\n\"Say \"\"hi\"\"\",\r\nNo line break at the end,";
    let summary = import(data, "tasks", &data.write("odd.csv", content), &[]).await.json();
    assert_eq!((&summary["added"], &summary["refused"]), (&json!(3), &json!(0)));
    let header_only = import(data, "tasks", &data.write("header.csv", "title\n"), &[]).await.json();
    assert_eq!(header_only["rows"], 0);
    // A row without an external id is identified by its content, also within one file.
    let summary = import(data, "tasks", &data.write("twice.csv", "title\nOnce\nTwice\nOnce\n"), &[]).await.json();
    assert_eq!((&summary["added"], &summary["repeated"]), (&json!(2), &json!(1)));
    let tasks = ann.tasks_by_id().await;
    assert_eq!(tasks.len(), before + 5);
    let titles: Vec<&Value> = tasks.values().map(|task| &task["title"]).collect();
    for title in ["From Windows", "Say \"hi\"", "No line break at the end", "Once", "Twice"] {
        assert!(titles.contains(&&json!(title)), "{title} is not among {titles:?}");
    }
}

async fn unreadable_files(data: &DataDirectory) {
    let refused: [(&str, &[u8], &[&str]); 7] = [
        ("column.csv", b"name,link\nx,\n", &["\"title\"", "name, link"]),
        ("empty.csv", b"", &["empty"]),
        ("blank.csv", b"\n\n\n", &["empty"]),
        ("double.csv", b"title,link,title\nx,,y\n", &["\"title\"", "twice"]),
        ("latin.csv", b"title\nfine\ncaf\xe9\n", &["line 3", "not UTF-8"]),
        ("wide.csv", b"t\0i\0t\0l\0e\0\n\0", &["line 1", "UTF-16"]),
        ("zero.csv", b"title\nzero \0 byte\n", &["line 2", "control characters"]),
    ];
    for (name, content, reasons) in refused {
        let errors = import(data, "tasks", &data.write(name, content), &[]).await.failed(1);
        for reason in reasons {
            assert!(errors.contains(reason), "{name} is not refused for {reason}: {errors}");
        }
    }
    let missing = import(data, "tasks", Path::new("/nowhere/tasks.csv"), &[]).await.failed(1);
    assert!(missing.contains("/nowhere/tasks.csv"), "{missing}");
    let directory = import(data, "tasks", data.root(), &[]).await.failed(1);
    assert!(directory.contains("is a folder"), "{directory}");
}

async fn invalid_people_rows(data: &DataDirectory, ann: &Api) {
    let people = async || ann.read_all("/people", 200).await.len();
    let content = "email,name,role\n\
        ben@example.org,Ben,worker\n\
        no address,Nobody,worker\n\
        cem@example.org,Cem,king\n\
        dee@example.org,,admin\n\
        José@example.org,José Núñez,manager\n";
    let file = data.write("people.csv", content);
    let errors = import(data, "people", &file, &[]).await.failed(1);
    for reason in ["line 3: email: ", "line 4: role: ", "line 5: name: "] {
        assert!(errors.contains(reason), "not reported: {reason}\n{errors}");
    }
    assert!(!errors.contains("line 2"), "{errors}");
    assert_eq!(people().await, 1);
    let valid = data.write(
        "valid.csv",
        "role,team,name,email\nworker,x,Ben,ben@example.org\nadmin,y,\"Dee, Dr.\",dee@example.org\n",
    );
    let summary = import(data, "people", &valid, &["--dry-run"]).await.json();
    assert_eq!((&summary["added"], &summary["committed"]), (&json!(2), &json!(false)));
    assert_eq!(people().await, 1);
    let summary = import(data, "people", &valid, &[]).await.json();
    assert_eq!((&summary["added"], &summary["unused_columns"]), (&json!(2), &json!(["team"])));
    let summary = import(data, "people", &valid, &[]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(2)));
    assert_eq!(people().await, 3);
}

#[tokio::test]
async fn t2_an_import_with_an_empty_pool_is_refused_and_creates_nothing() {
    let data = DataDirectory::new();
    create_person(&data.path(), "max@example.org", "manager").await;
    let file = data.write("tasks.csv", "title\nFix the door\n");
    let errors = import(&data, "tasks", &file, &[]).await.failed(1);
    assert!(errors.contains("assign"), "{errors}");
    create_person(&data.path(), "ann@example.org", "worker").await;
    assert_eq!(import(&data, "tasks", &file, &[]).await.json()["added"], 1);
}
