//! CSV files as other programs write them: no row disappears or changes without being named.

use harness::{Api, PASSWORD, Server, assert_verified, create_person, piecework};
use serde_json::{Value, json};

use crate::data_directory::DataDirectory;

/// A running server, a person to whom tasks can be assigned, and files beside the data directory.
struct Company {
    ann: Api,
    // Dropped before the data directory, which waits for the end of PostgreSQL.
    server: Server,
    data: DataDirectory,
}

/// What an import printed.
struct Imported {
    code: Option<i32>,
    /// The summary. Null: the file was refused before a row was read.
    summary: Value,
    errors: String,
}

impl Company {
    async fn start() -> Self {
        let data = DataDirectory::new();
        create_person(&data.path(), "ann@example.org", "worker").await;
        let server = data.serve().await;
        let ann = server.api.login("ann@example.org", PASSWORD).await;
        Self { ann, server, data }
    }

    async fn import(&self, what: &str, content: impl AsRef<[u8]>, options: &[&str]) -> Imported {
        let file = self.data.write("file.csv", content);
        let arguments = [&["import", what, "--json", file.to_str().unwrap()], options].concat();
        let outcome = piecework(&self.data.path(), &arguments).finish().await;
        let summary = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        Imported { code: outcome.code, summary, errors: outcome.stderr }
    }

    async fn titles(&self) -> Vec<String> {
        let tasks = self.ann.tasks_by_id().await;
        let mut titles: Vec<String> = tasks.values().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
        titles.sort();
        titles
    }
}

impl Imported {
    /// The lines of the refused rows.
    fn refused_lines(&self) -> Vec<u64> {
        self.summary["refused_rows"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect()
    }
}

#[tokio::test]
async fn a_file_with_broken_quotes_is_refused_with_the_line_and_adds_nothing() {
    let company = Company::start().await;
    let files: [(&str, u64, &str); 10] = [
        ("title,description\nGood 1,x\nBad,\"never closed\nGood 2,y\nGood 3,z", 3, "never closed"),
        ("title,description\r\nGood 1,x\r\n\r\nBad,\"never closed\r\nGood 2,y\r\n", 4, "never closed"),
        ("title,description\nGood 1,x\nBad,\"never closed\nGood 2,\"y\"\n", 3, "text follows"),
        ("title,description\n\"A\" b,x\nGood,y\n", 2, "text after the closing quote"),
        ("title,description\n\"A\" ,x\n", 2, "text after the closing quote"),
        ("title,description\n5\" pipe,x\n", 2, "a quote inside a field"),
        ("title,description\nA, \"x\"\n", 2, "a quote inside a field"),
        ("title,description\n\"Say \\\"hi\\\"\",x\nGood,y\n", 2, "a backslash does not escape a quote"),
        ("title,description\n\"27\\\"\",x\nGood,y\n", 2, "a backslash does not escape a quote"),
        ("title,description\nGood,\"x\"\nBroken off,\"in a fie", 3, "never closed"),
    ];
    for (content, line, words) in files {
        let imported = company.import("tasks", content, &["--skip-bad"]).await;
        assert_eq!(imported.code, Some(1), "{content:?}: {}", imported.errors);
        assert!(imported.errors.contains(&format!("line {line}: ")), "{content:?}: {}", imported.errors);
        assert!(imported.errors.contains(words), "{content:?}: {}", imported.errors);
        assert_eq!(imported.summary["committed"], false);
        assert_eq!(imported.summary["unreadable_from_line"], line);
        assert_eq!(imported.refused_lines(), [line]);
    }
    for options in [&[][..], &["--dry-run"], &["--dry-run", "--skip-bad"]] {
        let imported = company.import("tasks", files[0].0, options).await;
        assert_eq!((imported.code, imported.refused_lines()), (Some(1), vec![3]), "{options:?}: {}", imported.errors);
    }
    let columns = company.import("tasks", "title,\"description\nGood,x\n", &[]).await;
    assert!(columns.code == Some(1) && columns.errors.contains("line 1: "), "{}", columns.errors);
    let people = "email,name,role\nben@example.org,\"Ben,worker\ncem@example.org,Cem,worker\n";
    let people = company.import("people", people, &["--skip-bad"]).await;
    assert!(people.code == Some(1) && people.errors.contains("line 2: "), "{}", people.errors);
    assert!(company.titles().await.is_empty());
    assert_eq!(company.ann.read_all("/people", 200).await.len(), 1);

    // A row that breaks off outside of quotes is named, and the rows before it can be trusted.
    let cut = company.import("tasks", "title,description\nWhole,x\nBroken o", &["--skip-bad"]).await;
    assert!(cut.errors.contains("line 3: 1 field") && cut.errors.contains("the file ends within"), "{}", cut.errors);
    // What RFC 4180 allows is read as it stands there.
    let valid = "title,description\r\n\"C:\\\",\"{\"\"a\"\": \"\"b\\\"\"c\"\"}\"\r\n\"Say \"\"hi\"\"\",\r\nlast,";
    assert_eq!(company.import("tasks", valid, &[]).await.summary["added"], 3);
    assert_eq!(company.titles().await, ["C:\\", "Say \"hi\"", "Whole", "last"]);
    let tasks = company.ann.tasks_by_id().await;
    let quoted = tasks.values().find(|task| task["title"] == "C:\\").unwrap()["id"].as_str().unwrap();
    assert_eq!(company.ann.read(&format!("/tasks/{quoted}")).await["description"], "{\"a\": \"b\\\"c\"}");
    company.server.stop().await;
}

#[tokio::test]
async fn a_broken_quote_far_into_a_file_takes_back_all_rows_before_it() {
    let company = Company::start().await;
    let tasks: String = (0..2_500).map(|number| format!("Task {number},x\n")).collect();
    let imported = company.import("tasks", format!("title,description\n{tasks}Bad,\"x\n"), &["--skip-bad"]).await;
    assert_eq!((imported.code, imported.refused_lines()), (Some(1), vec![2_502]), "{}", imported.errors);
    assert_eq!(imported.summary["rows"], 2_501);
    let people: String = (0..2_500).map(|number| format!("p{number}@example.org,P,worker\n")).collect();
    let imported = company.import("people", format!("email,name,role\n{people}\"\" x,"), &["--skip-bad"]).await;
    assert_eq!((imported.code, imported.refused_lines()), (Some(1), vec![2_502]), "{}", imported.errors);
    assert!(company.titles().await.is_empty());
    assert_eq!(company.ann.read_all("/people", 200).await.len(), 1);
    company.server.stop().await;
    assert_verified(&company.data.path()).await;
}

#[tokio::test]
async fn invalid_rows_have_the_line_that_an_editor_shows() {
    let company = Company::start().await;
    let content = "\ntitle,link\n\nGood,\nBad 5,ftp://5\n\n\nGood,\n\"Bad\n9\",\n\
                   \"Also\n\nbad 11\",ftp://11\nGood,\ntoo,many,fields\nGood,\nBad 17,x";
    let expected = [5, 9, 11, 15, 17];
    for line_break in ["\n", "\r\n", "\r"] {
        let content = content.replace('\n', line_break);
        let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            [0xfeff].into_iter().chain(content.encode_utf16()).flat_map(bytes).collect()
        };
        let files = [
            content.clone().into_bytes(),
            format!("\u{feff}{content}").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ];
        for file in files {
            let imported = company.import("tasks", file, &[]).await;
            assert_eq!(imported.refused_lines(), expected, "with {line_break:?}: {}", imported.errors);
            assert_eq!(imported.summary["rows"], 9);
            for line in expected {
                assert!(imported.errors.contains(&format!("line {line}: ")), "{}", imported.errors);
            }
        }
    }
    let people = "email,name,role\r\n\r\n\r\nben@example.org,\"Ben\r\n\",worker\r\nno address,Cem,worker\r\n\
                  dee@example.org,Dee,king\r\n";
    let imported = company.import("people", people, &[]).await;
    assert_eq!(imported.refused_lines(), [6, 7], "{}", imported.errors);
    assert!(company.titles().await.is_empty());
    company.server.stop().await;
}

#[tokio::test]
async fn empty_rows_and_columns_that_spreadsheets_leave_behind_are_ignored() {
    let company = Company::start().await;
    let content = ",,,,\r\ntitle,,description,,\r\nA,,x,,\r\n,,,,\r\n \t\u{a0}\r\n\"\",\" \",,,\r\nB,,,,,,,\r\n\
                   C,,y\r\n,,,,\r\n,,,,,,,,,\r\n";
    let imported = company.import("tasks", content, &[]).await;
    assert_eq!((&imported.summary["rows"], &imported.summary["added"]), (&json!(3), &json!(3)), "{}", imported.errors);
    assert_eq!(imported.summary["unused_columns"], json!([]));
    assert_eq!(company.titles().await, ["A", "B", "C"]);

    let content = "title,,description,,\nA,,x,,\nB,a value,,,\nC,,,,a value\nD,,,,,a value\nE,x\n";
    let imported = company.import("tasks", content, &[]).await;
    assert_eq!((imported.code, imported.refused_lines()), (Some(1), vec![3, 4, 5, 6]), "{}", imported.errors);
    assert!(imported.errors.contains("line 3: a value in column 2, which has no name"), "{}", imported.errors);

    let people = "email,name,role,\nben@example.org,Ben,worker,\n,,,\n";
    assert_eq!(company.import("people", people, &[]).await.summary["added"], 1);
    company.server.stop().await;
}

#[tokio::test]
async fn a_file_of_another_format_is_refused_with_a_reason_that_says_so() {
    let company = Company::start().await;
    let utf16: Vec<u8> = "title,link\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files: [(&[u8], &[&str]); 12] = [
        (b"title;description\nA;B\n", &["line 1", "semicolons"]),
        (b"\"title\";\"description\"\r\n\"A\";\"B\"\r\n", &["line 1", "semicolons"]),
        (b"\xef\xbb\xbfsep=;\r\ntitle;description\r\n", &["line 1", "semicolons"]),
        (b"title\tdescription\nA\tB\n", &["line 1", "tabs"]),
        (b"title|description\nA|B\n", &["line 1", "vertical bars"]),
        (b"title,description\nA;B\n", &["line 2", "semicolons"]),
        (b"\xff\xfet\0i\0t\0l\0e\0;\0l\0i\0n\0k\0\n\0", &["line 1", "semicolons"]),
        (b"\xff\xfe\0\0t\0\0\0", &["UTF-32"]),
        (b"PK\x03\x04\x14\0\x06\0", &["ZIP archive"]),
        (b"title,caf\xe9\nA,x\n", &["line 1", "not UTF-8"]),
        (b"title\n\nfine\n\ncaf\xe9\n", &["line 5: title", "not UTF-8"]),
        (&utf16, &["line 1", "UTF-16"]),
    ];
    for (content, words) in files {
        let imported = company.import("tasks", content, &[]).await;
        let name = String::from_utf8_lossy(content);
        assert_eq!(imported.code, Some(1), "{name:?}: {}", imported.errors);
        for word in words {
            assert!(imported.errors.contains(word), "{name:?} is not refused for {word}: {}", imported.errors);
        }
    }
    assert!(company.titles().await.is_empty());

    let utf16: Vec<u8> = "\u{feff}title,link\r\nZoë's 🚪,\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(company.import("tasks", utf16, &[]).await.summary["added"], 1);
    assert_eq!(company.import("tasks", "sep=,\r\ntitle,link\r\nOf Excel,\r\n", &[]).await.summary["added"], 1);
    assert_eq!(company.titles().await, ["Of Excel", "Zoë's 🚪"]);
    company.server.stop().await;
}

#[tokio::test]
async fn control_characters_of_a_file_are_not_printed_and_refused_rows_are_listed() {
    let company = Company::start().await;
    let content = "title,created_by,\u{1b}[31mred,\u{9b}2J\n\
                   A,\u{1b}]0;title\u{7}@example.org,,\n\
                   B,\u{202e}x@example.org,,\n\
                   C,\u{9b}1m@example.org,,\n\
                   \"\",ann@example.org,,\n\
                   E,\0@example.org,,\n\
                   F,ann@example.org,,\n";
    let file = company.data.write("file.csv", content);
    for json in [&["--json"][..], &[]] {
        let arguments = [&["import", "tasks", "--dry-run", file.to_str().unwrap()], json].concat();
        let outcome = piecework(&company.data.path(), &arguments).finish().await;
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        for output in [&outcome.stdout, &outcome.stderr] {
            let is_raw = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
            assert!(!output.contains(is_raw), "{output:?}");
        }
        assert!(outcome.stderr.contains("\\u{1b}]0;title\\u{7}@example.org"), "{}", outcome.stderr);
    }
    let header = company.import("tasks", "\u{1b}[2Jname\nx\n", &[]).await;
    assert!(header.errors.contains("\\u{1b}[2Jname") && !header.errors.contains('\u{1b}'), "{:?}", header.errors);
    let people = "email,name,role\n\u{1b}[1m@example.org,Ben,worker\nc@example.org,Cem,\u{1b}king\n";
    let people = company.import("people", people, &[]).await;
    assert!(people.errors.contains("line 3: role") && !people.errors.contains('\u{1b}'), "{:?}", people.errors);
    assert_eq!(people.refused_lines(), [2, 3]);

    let imported = company.import("tasks", content, &["--skip-bad"]).await;
    assert_eq!((imported.code, imported.refused_lines()), (Some(0), vec![2, 3, 4, 5, 6]), "{}", imported.errors);
    let rows = imported.summary["refused_rows"].as_array().unwrap();
    let reason = |row: usize| rows[row]["reason"].as_str().unwrap();
    assert!(reason(0).starts_with("created_by: no person has the address \\u{1b}]0;title\\u{7}@"), "{}", reason(0));
    assert!(reason(3).starts_with("title: ") && reason(4).starts_with("created_by: "), "{rows:?}");
    assert_eq!((&imported.summary["refused"], &imported.summary["refused_rows_omitted"]), (&json!(5), &json!(0)));
    assert_eq!(imported.summary["unused_columns"], json!(["\\u{1b}[31mred", "\\u{9b}2J"]));
    assert_eq!(company.titles().await, ["F"]);
    company.server.stop().await;
}

#[tokio::test]
async fn rows_with_the_key_of_an_earlier_row_or_of_what_exists_are_named() {
    let company = Company::start().await;
    let content = "title,external_id\nOne,1\nTwo,2\nOne,1\nAnother,1\nFree\u{a0}text,\nFree\u{a0}text,\n";
    let refused = company.import("tasks", content, &[]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.errors);
    let expected = "line 5: the external_id 1 is that of line 2, which says something else";
    assert!(refused.errors.contains(expected), "{}", refused.errors);
    assert_eq!(company.titles().await, Vec::<String>::new());
    let skipping = company.import("tasks", content, &["--skip-bad"]).await;
    assert_eq!(skipping.refused_lines(), [5]);
    let repeated = json!([{ "line": 4, "first_line": 2 }, { "line": 7, "first_line": 6 }]);
    assert_eq!((&skipping.summary["added"], &skipping.summary["repeated_rows"]), (&json!(3), &repeated));

    let changed = company.import("tasks", "title,external_id\nOne,1\nChanged,2\n", &[]).await;
    let summary = &changed.summary;
    assert_eq!((&summary["already_there"], &summary["kept_rows"][0]["line"]), (&json!(2), &json!(3)));
    assert!(changed.errors.contains("line 3: the task with this external_id exists"), "{}", changed.errors);
    assert!(!company.titles().await.contains(&"Changed".to_owned()));

    let people = "email,name,role\nben@example.org,Ben,worker\nBEN@example.org,Ben,worker\nben@example.org,Ben,admin\n";
    let refused = company.import("people", people, &[]).await;
    let expected = "line 4: the email is that of line 2, which has another name or role";
    assert!(refused.code == Some(1) && refused.errors.contains(expected), "{}", refused.errors);
    let added = company.import("people", people, &["--skip-bad"]).await;
    assert_eq!((&added.summary["added"], &added.summary["repeated"]), (&json!(1), &json!(1)));
    let kept = company.import("people", "email,name,role\nben@example.org,Ben,manager\n", &[]).await;
    assert!(kept.errors.contains("line 2: the person with this email is Ben, worker"), "{}", kept.errors);
    assert_eq!((kept.code, &kept.summary["already_there"]), (Some(0), &json!(1)));
    company.server.stop().await;
    assert_verified(&company.data.path()).await;
}
