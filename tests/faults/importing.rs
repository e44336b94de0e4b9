//! Taking in files: the real backlog as it is worded, and everything that can be wrong with a file.

use std::path::Path;

use harness::eventually;
use serde_json::{Value, json};

use crate::ground::Ground;
use crate::http::Api;
use crate::program::{Outcome, add_person, piecework, serve, verify_holds};

const BACKLOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/backlog.csv");

async fn import(ground: &Ground, what: &str, file: &Path, options: &[&str]) -> Outcome {
    let arguments = [&["import", what, "--json", file.to_str().unwrap()], options].concat();
    piecework(&ground.data_dir(), &arguments).finish().await
}

#[tokio::test]
async fn the_real_backlog_is_taken_in_once_with_every_letter_intact() {
    let ground = Ground::new();
    add_person(&ground, "ann@example.org", "worker").await;
    let backlog = Path::new(BACKLOG);
    let summary = import(&ground, "tasks", backlog, &["--dry-run"]).await.json();
    assert_eq!((&summary["added"], &summary["committed"]), (&json!(974), &json!(false)));
    let summary = import(&ground, "tasks", backlog, &[]).await.json();
    assert_eq!((&summary["rows"], &summary["added"], &summary["refused"]), (&json!(974), &json!(974), &json!(0)));
    assert_eq!(summary["unused_columns"], json!(["posted_on", "difficulty"]));

    let server = serve(&ground).await;
    let summary = import(&ground, "tasks", backlog, &[]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(974)));

    let tasks = server.api.log_in("ann@example.org").await.tasks().await;
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
    // The file has what makes it hard.
    let some_title = |wanted: &dyn Fn(&str) -> bool| found.iter().any(|(title, _)| wanted(title));
    assert!(some_title(&|title| title.contains('"')) && some_title(&|title| title.contains('`')));
    assert!(some_title(&|title| title.contains('<')) && some_title(&|title| !title.is_ascii()));
    assert!(some_title(&|title| title.starts_with("[netstack3]")), "other brackets are just text");
    assert!(tasks.values().all(|task| task["reference"].is_null()));
    // They are priced and charged like any others.
    let priced = async || {
        let tasks = server.api.log_in("ann@example.org").await.tasks().await;
        tasks.values().all(|task| task["price"]["fee"]["amount_minor"].as_i64() >= Some(1_000)).then_some(())
    };
    eventually("all are priced", priced).await;
    server.stop().await;
    verify_holds(&ground.data_dir()).await;
}

#[tokio::test]
async fn bad_files_and_bad_rows_are_named_with_their_reason_and_change_nothing() {
    let ground = Ground::new();
    add_person(&ground, "ann@example.org", "worker").await;
    let server = serve(&ground).await;
    let ann = server.api.log_in("ann@example.org").await;
    bad_task_rows(&ground, &ann).await;
    odd_but_good_files(&ground, &ann).await;
    unreadable_files(&ground).await;
    assert_eq!(ann.tasks().await.len(), 7, "an import that failed has added something");
    bad_people_rows(&ground, &ann).await;
    server.stop().await;
    verify_holds(&ground.data_dir()).await;
}

async fn bad_task_rows(ground: &Ground, ann: &Api) {
    let long = "x".repeat(501);
    let content = format!(
        "title,reference,link,created_by,external_id\n\
         Good,,,ANN@example.org,\n\
         \"  \",,,,\n\
         \"Two\nlines\",,,,\n\
         Reference,pop-1,,,\n\
         [POP-1] Two references,POP-2,,,\n\
         Link,,ftp://example.org,,\n\
         Stranger,,,nobody@example.org,\n\
         too,few\n\
         {long},,,,\n\
         [POP-42] - Also good,,https://example.org/?a=1&b=“2”,,7\n"
    );
    let file = ground.write("bad.csv", content);
    let reasons = [
        "line 3: title: ",
        "line 4: title: ",
        "line 6: reference: ",
        "line 7: reference: ",
        "line 8: link: ",
        "line 9: created_by: nobody has the address nobody@example.org",
        "line 10: 2 fields, but the first line names 5 columns",
        "line 11: title: a title has at most 500 characters, this one has 501",
    ];
    for options in [&[][..], &["--dry-run"], &["--dry-run", "--skip-bad"]] {
        let complaints = import(ground, "tasks", &file, options).await.failed(1);
        for reason in reasons {
            assert!(complaints.contains(reason), "not told: {reason}\n{complaints}");
        }
        assert_eq!(ann.tasks().await.len(), 0, "with {options:?} something was added");
    }
    let summary = import(ground, "tasks", &file, &["--skip-bad"]).await.json();
    assert_eq!((&summary["rows"], &summary["added"], &summary["refused"]), (&json!(10), &json!(2), &json!(8)));
    let summary = import(ground, "tasks", &file, &["--skip-bad"]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(2)));
    let tasks = ann.tasks().await;
    let also_good = tasks.values().find(|task| task["title"] == "Also good").unwrap();
    assert_eq!(
        (&also_good["reference"], &also_good["link"]),
        (&json!("POP-42"), &json!("https://example.org/?a=1&b=“2”"))
    );
    assert_eq!(
        tasks.values().find(|task| task["title"] == "Good").unwrap()["created_by"],
        ann.get("/me").await.ok()["id"]
    );
}

async fn odd_but_good_files(ground: &Ground, ann: &Api) {
    let before = ann.tasks().await.len();
    let content =
        "\u{feff}title,description\r\nFrom Windows,\"one\r\ntwo\"\r\n\"Say \"\"hi\"\"\",\r\nNo line break at the end,";
    let summary = import(ground, "tasks", &ground.write("odd.csv", content), &[]).await.json();
    assert_eq!((&summary["added"], &summary["refused"]), (&json!(3), &json!(0)));
    let header_only = import(ground, "tasks", &ground.write("header.csv", "title\n"), &[]).await.json();
    assert_eq!(header_only["rows"], 0);
    // A row without an id of its own is known by its content; twice in one file is once.
    let summary = import(ground, "tasks", &ground.write("twice.csv", "title\nOnce\nTwice\nOnce\n"), &[]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(2), &json!(1)));
    let tasks = ann.tasks().await;
    assert_eq!(tasks.len(), before + 5);
    let titles: Vec<&Value> = tasks.values().map(|task| &task["title"]).collect();
    for title in ["From Windows", "Say \"hi\"", "No line break at the end", "Once", "Twice"] {
        assert!(titles.contains(&&json!(title)), "{title} is not among {titles:?}");
    }
}

async fn unreadable_files(ground: &Ground) {
    let refused: [(&str, &[u8], &[&str]); 7] = [
        ("column.csv", b"name,link\nx,\n", &["\"title\"", "name, link"]),
        ("empty.csv", b"", &["empty"]),
        ("blank.csv", b"\n\n\n", &["empty"]),
        ("double.csv", b"title,link,title\nx,,y\n", &["\"title\"", "twice"]),
        ("latin.csv", b"title\nfine\ncaf\xe9\n", &["line 3", "not UTF-8"]),
        ("wide.csv", b"t\0i\0t\0l\0e\0\n\0", &["title"]),
        ("zero.csv", b"title\nzero \0 byte\n", &["line 2", "control characters"]),
    ];
    for (name, content, reasons) in refused {
        let complaints = import(ground, "tasks", &ground.write(name, content), &[]).await.failed(1);
        for reason in reasons {
            assert!(complaints.contains(reason), "{name} is not refused for {reason}: {complaints}");
        }
    }
    let missing = import(ground, "tasks", Path::new("/nowhere/tasks.csv"), &[]).await.failed(1);
    assert!(missing.contains("/nowhere/tasks.csv"), "{missing}");
    let folder = import(ground, "tasks", ground.root(), &[]).await.failed(1);
    assert!(folder.contains("is a folder"), "{folder}");
}

async fn bad_people_rows(ground: &Ground, ann: &Api) {
    let people = async || ann.all("/people").await.len();
    let content = "email,name,role\n\
        ben@example.org,Ben,worker\n\
        no address,Nobody,worker\n\
        cem@example.org,Cem,king\n\
        dee@example.org,,admin\n\
        José@example.org,José Núñez,manager\n";
    let file = ground.write("people.csv", content);
    let complaints = import(ground, "people", &file, &[]).await.failed(1);
    for reason in ["line 3: email: ", "line 4: role: ", "line 5: name: "] {
        assert!(complaints.contains(reason), "not told: {reason}\n{complaints}");
    }
    assert!(!complaints.contains("line 2"), "{complaints}");
    assert_eq!(people().await, 1);
    let good = ground.write(
        "good.csv",
        "role,team,name,email\nworker,x,Ben,ben@example.org\nadmin,y,\"Dee, Dr.\",dee@example.org\n",
    );
    let summary = import(ground, "people", &good, &["--dry-run"]).await.json();
    assert_eq!((&summary["added"], &summary["committed"]), (&json!(2), &json!(false)));
    assert_eq!(people().await, 1);
    let summary = import(ground, "people", &good, &[]).await.json();
    assert_eq!((&summary["added"], &summary["unused_columns"]), (&json!(2), &json!(["team"])));
    let summary = import(ground, "people", &good, &[]).await.json();
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(2)));
    assert_eq!(people().await, 3);
}

#[tokio::test]
async fn t2_an_import_with_nobody_to_be_drawn_is_refused_and_adds_nothing() {
    let ground = Ground::new();
    add_person(&ground, "max@example.org", "manager").await;
    let file = ground.write("tasks.csv", "title\nFix the door\n");
    let complaints = import(&ground, "tasks", &file, &[]).await.failed(1);
    assert!(complaints.contains("assign"), "{complaints}");
    add_person(&ground, "ann@example.org", "worker").await;
    assert_eq!(import(&ground, "tasks", &file, &[]).await.json()["added"], 1);
}
