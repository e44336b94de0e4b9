//! The anatomy of a module: which files it has, what each of them contains, and how its endpoints
//! and the functions of its store are named. `modules/README.md` describes it.
//!
//! Each check is a function from the name and the text of a file to a list of findings, and has a
//! test with an example that breaks it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{modules, read, root, rust_files, workspace};

/// The files that a module may have besides its use cases.
const FILES: [&str; 10] = [
    "lib.rs",
    "settings.rs",
    "domain.rs",
    "error.rs",
    "service.rs",
    "subscriber.rs",
    "jobs.rs",
    "measure.rs",
    "replay.rs",
    "verify.rs",
];

/// The files that a module must have. A `domain.rs` may be a folder.
const REQUIRED_FILES: [&str; 6] = ["lib.rs", "domain.rs", "service.rs", "http/mod.rs", "http/views.rs", "store/mod.rs"];

/// One file for each use case, and the technical parts that only this module has.
const USE_CASES: [(&str, &[&str]); 6] = [
    ("accounting", &["post", "price", "close", "seal", "correct", "withdraw", "read"]),
    ("analytics", &["read"]),
    (
        "email",
        &[
            "delete_texts",
            "deliver",
            "resend",
            "read",
            "message",
            "notice",
            "outage",
            "password_link",
            "smtp",
            "statement",
            "transport",
        ],
    ),
    (
        "identity",
        &[
            "audit",
            "people",
            "login_limits",
            "forwarding",
            "sessions",
            "sso",
            "refresh",
            "links",
            "mailed_links",
            "passwords",
            "api_tokens",
            "api_token_cache",
            "import",
            "keys",
            "revocations",
            "revocation_list",
            "hashing",
            "secret",
            "tokens",
        ],
    ),
    ("live", &["watch", "read", "feed"]),
    ("tasks", &["create", "complete", "reassign", "import", "read", "command_batches", "throttle"]),
];

/// The first words of the names of endpoints.
const ENDPOINT_VERBS: [&str; 17] = [
    "get", "list", "create", "update", "delete", "complete", "close", "request", "preview", "watch", "resend", "login",
    "refresh", "logout", "set", "retry", "discard",
];

/// The files below `http/` that are not endpoints.
const OTHER_HTTP_FILES: [&str; 3] = ["mod", "views", "hosted_module"];

/// How the name of a function of a store begins.
const STORE_VERBS: [&str; 10] =
    ["load_", "list_", "count_", "lock_", "insert_", "update_", "delete_", "upsert_", "exists_", "stream_"];

/// The folders of the modules' sources, by the name of the module.
fn module_sources() -> Vec<(String, PathBuf)> {
    let workspace = workspace();
    let folder = |name: &str| root().join("modules").join(name).join("src");
    modules(&workspace).iter().map(|module| (module.name.to_string(), folder(&module.name))).collect()
}

/// The files below a folder, as (path below the root of the project, text).
fn sources(folder: &Path) -> Vec<(String, String)> {
    let name = |path: &Path| path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
    rust_files(folder).iter().map(|path| (name(path), read(path))).collect()
}

/// The files of all endpoints.
fn endpoints() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = module_sources().iter().map(|(_, folder)| folder.join("http")).collect();
    folders.push(root().join("app/src/http/system/admin"));
    let files = folders.iter().flat_map(|folder| sources(folder));
    files.filter(|(name, _)| !OTHER_HTTP_FILES.contains(&stem(name))).collect()
}

/// The name of a file without its folder and `.rs`.
fn stem(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
}

fn verb(name: &str) -> &str {
    stem(name).split('_').next().unwrap_or_default()
}

#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}

/// `files` are the paths of a module's files below `src/`.
fn wrong_files(module: &str, files: &[&str]) -> Vec<String> {
    let own = USE_CASES.iter().find(|(name, _)| *name == module).map_or(&[][..], |(_, own)| own);
    let is_known = |file: &str| {
        let top = file.split('/').next().unwrap_or_default();
        let stem = top.trim_end_matches(".rs");
        FILES.contains(&top) || ["http", "store", "domain"].contains(&stem) || own.contains(&stem)
    };
    let has = |required: &str| files.contains(&required) || files.contains(&&*required.replace(".rs", "/mod.rs"));
    let unknown = files.iter().filter(|file| !is_known(file)).map(|file| format!("{module}/src/{file} is unknown"));
    let missing = REQUIRED_FILES.iter().filter(|file| !has(file)).map(|file| format!("{module}/src has no {file}"));
    unknown.chain(missing).collect()
}

/// The façade of a module that has a schema of its own, or none.
fn wrong_facade(name: &str, text: &str, owns_schema: bool) -> Vec<String> {
    let mut findings = Vec::new();
    if text.contains("pub static MIGRATOR") != owns_schema {
        findings.push(format!("{name}: a façade has `MIGRATOR` if the module has a schema"));
    }
    let module = "    /// The module as the process that hosts it sees it.\n    #[must_use]\n    pub fn module(";
    if !text.contains(module) {
        findings.push(format!("{name}: a façade has `fn module()` with its one sentence"));
    }
    findings
}

fn wrong_routes(name: &str, text: &str) -> Vec<String> {
    let routes = "pub fn routes(config: &mut ServiceConfig<'_>, service: ";
    if text.contains(routes) { Vec::new() } else { vec![format!("{name} has no `{routes}…`")] }
}

/// The first line of the comment above the attribute of a handler.
fn summary(text: &str) -> &str {
    let above = text.split("#[utoipa::path(").next().unwrap_or_default();
    above.lines().rev().take_while(|line| line.starts_with("///")).last().unwrap_or_default()
}

fn wrong_endpoint(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut check = |is_right: bool, problem: &str| {
        if !is_right {
            findings.push(format!("{name}: {problem}"));
        }
    };
    check(ENDPOINT_VERBS.contains(&verb(name)), "the name begins with no verb of an endpoint");
    let handlers = text.matches(&format!("pub async fn {}(", stem(name))).count();
    let methods = ["get", "post", "patch", "put", "delete"];
    let routes: usize = methods.iter().map(|method| text.matches(&format!("\n#[{method}(")).count()).sum();
    check((handlers, routes) == (1, 1), "it is not one endpoint of its name");
    let header = text.lines().next().unwrap_or_default();
    let is_header = methods.iter().any(|method| header.starts_with(&format!("//! `{} /", method.to_uppercase())));
    check(is_header && header.contains("`: "), "it does not open with its method, its path and what it does");
    let summary = summary(text).trim_start_matches('/').trim();
    let is_third_person = summary.split(' ').next().is_some_and(|verb| verb.ends_with('s'));
    check(is_third_person && !summary.ends_with('.'), "the summary is no clause that begins with a verb");
    let is_in_order = |line: &str| match (line.find(" body = "), line.find(" description = ")) {
        (Some(body), Some(description)) => body < description,
        _ => true,
    };
    check(text.lines().all(is_in_order), "a response names its status, its body and its description in this order");
    check(!text.contains("    _: "), "a parameter that is not used has a name, such as `_caller`");
    check(!text.contains("application/problem+json"), "the gateway declares the media type of a problem");
    findings
}

/// The functions that a file of a store offers to the rest of its module.
fn offered_functions(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with("pub"));
    lines.filter_map(|line| line.split_once("fn ")?.1.split(['(', '<']).next()).collect()
}

fn wrong_store(name: &str, text: &str) -> Vec<String> {
    let functions = offered_functions(text).into_iter();
    let unknown = functions.filter(|function| !STORE_VERBS.iter().any(|verb| function.starts_with(verb)));
    // A row that is `pub(super)` is shared by the files of the store.
    let leaves = |line: &&str| line.starts_with("pub") && !line.starts_with("pub(super)") && line.contains("Row {");
    let rows = text.lines().map(str::trim_start).filter(leaves);
    unknown
        .map(|function| format!("{name}: {function} begins with no verb of a store"))
        .chain(rows.map(|row| format!("{name}: `{row}` leaves the store")))
        .collect()
}

/// An `error.rs` has one enum and one table of its answers: a line for each error, the arrows below
/// each other, first the errors that are only a status and a code.
fn wrong_error(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut check = |is_right: bool, problem: &str| {
        if !is_right {
            findings.push(format!("{name}: {problem}"));
        }
    };
    check(text.matches("pub enum ").count() == 1, "a module has one error");
    check(!text.contains("crate::http"), "an error holds no view of the API");
    let head = "#[rustfmt::skip]\nimpl From<Error> for Problem {\n    fn from(error: Error) -> Self {\n        \
                let detail = error.to_string();\n        match error {\n";
    let tail = "\n        }\n    }\n}\n";
    let table = text.split_once(head).and_then(|(_, rest)| rest.split_once(tail)).map_or("", |(table, _)| table);
    check(!table.is_empty(), "there is no table of the answers in the form of the other modules");
    let rows: Vec<&str> = table.lines().collect();
    let is_row = |row: &&str| row.starts_with("            Error::") && row.ends_with(',');
    check(rows.iter().all(is_row), "each row of the table is one error on one line");
    let columns_of = |mark: &str, rows: &[&str]| rows.iter().map(|row| row.find(mark)).collect::<BTreeSet<_>>().len();
    check(columns_of("=> ", &rows) <= 1, "the arrows of the table are not aligned");
    let is_plain = |row: &&str| row.contains("=> Self::new(") && row.ends_with(" detail),");
    let plain: Vec<&str> = rows.iter().copied().take_while(is_plain).collect();
    check(!rows[plain.len()..].iter().any(is_plain), "a special case stands before a status and a code");
    check(columns_of("detail),", &plain) <= 1, "the columns of the table are not aligned");
    findings
}

/// A domain is pure: it names no technology of the API and of the database.
fn wrong_domain(name: &str, text: &str) -> Vec<String> {
    let technologies = ["kernel::http", "actix_web", "sqlx", "utoipa"];
    let technologies = technologies.into_iter().filter(|technology| text.contains(technology));
    // These types of HTTP are also in the root of the kernel.
    let words: BTreeSet<&str> = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
    let types = ["Problem", "CalendarDate"].into_iter().filter(|name| words.contains(name));
    technologies.chain(types).map(|used| format!("{name}: a domain does not use {used}")).collect()
}

#[test]
fn every_module_has_the_same_files() {
    let mut findings = Vec::new();
    for (module, folder) in module_sources() {
        let (sources, prefix) = (sources(&folder), format!("modules/{module}/src/"));
        let files: Vec<&str> = sources.iter().filter_map(|(name, _)| name.strip_prefix(&prefix)).collect();
        findings.extend(wrong_files(&module, &files));
        let owns_schema = root().join("migrations").join(&module).is_dir();
        findings.extend(wrong_facade(&format!("{prefix}lib.rs"), &read(&folder.join("lib.rs")), owns_schema));
        findings.extend(wrong_routes(&format!("{prefix}http/mod.rs"), &read(&folder.join("http/mod.rs"))));
    }
    assert_none(&findings);
}

#[test]
fn an_endpoint_is_a_file_named_by_verb_and_noun() {
    let endpoints = endpoints();
    assert_none(&endpoints.iter().flat_map(|(name, text)| wrong_endpoint(name, text)).collect::<Vec<_>>());
    let used: BTreeSet<&str> = endpoints.iter().map(|(name, _)| verb(name)).collect();
    assert_eq!(used, BTreeSet::from(ENDPOINT_VERBS), "a verb that no endpoint uses");
}

#[test]
fn a_store_offers_verbs_and_keeps_its_rows() {
    let files = module_sources().into_iter().flat_map(|(_, folder)| sources(&folder.join("store")));
    assert_none(&files.flat_map(|(name, text)| wrong_store(&name, &text)).collect::<Vec<_>>());
}

#[test]
fn an_error_has_one_table_and_holds_no_view() {
    let files = module_sources().into_iter().map(|(module, folder)| (module, folder.join("error.rs")));
    // A module whose only errors are those of the database has no error of its own.
    let errors = files.filter(|(_, path)| path.is_file()).map(|(module, path)| (module, read(&path)));
    assert_none(&errors.flat_map(|(module, text)| wrong_error(&module, &text)).collect::<Vec<_>>());
}

#[test]
fn a_domain_names_nothing_of_http_and_sql() {
    let files = module_sources().into_iter().flat_map(|(_, folder)| sources(&folder));
    let is_domain = |name: &str| name.contains("/src/domain/") || name.ends_with("/src/domain.rs");
    let domains: Vec<(String, String)> = files.filter(|(name, _)| is_domain(name)).collect();
    assert!(domains.len() >= module_sources().len(), "each module has a domain");
    assert_none(&domains.iter().flat_map(|(name, text)| wrong_domain(name, text)).collect::<Vec<_>>());
}

#[test]
fn a_problems_media_type_is_declared_by_the_gateway_only() {
    let files = module_sources().into_iter().flat_map(|(_, folder)| sources(&folder.join("http")));
    let wrong = files.filter(|(_, text)| text.contains("application/problem+json")).map(|(name, _)| name);
    assert_none(&wrong.collect::<Vec<_>>());
}

mod each_check_finds_its_fault {
    use super::*;

    #[test]
    fn an_unknown_and_a_missing_file() {
        let mut files =
            vec!["lib.rs", "domain/mod.rs", "error.rs", "service.rs", "http/mod.rs", "http/views.rs", "store/mod.rs"];
        assert_none(&wrong_files("tasks", &files));
        files[3] = "services.rs";
        assert_eq!(wrong_files("tasks", &files), ["tasks/src/services.rs is unknown", "tasks/src has no service.rs"]);
    }

    #[test]
    fn a_facade_without_its_parts() {
        let text = "pub static MIGRATOR: Migrator = x;\n    /// The module as the process that hosts it sees it.\n    \
                    #[must_use]\n    pub fn module(&self)";
        assert_none(&wrong_facade("lib.rs", text, true));
        assert_eq!(wrong_facade("lib.rs", text, false).len(), 1);
        assert_eq!(wrong_facade("lib.rs", &text.replace("sees", "runs"), true).len(), 1);
        assert_eq!(wrong_routes("mod.rs", "pub fn routes(service: Tasks) {}").len(), 1);
    }

    #[test]
    fn an_endpoint_in_another_form() {
        let text = "//! `GET /tasks/{id}`: gets a task.\n\n/// Gets a task\n///\n/// More about it.\n#[utoipa::path(\n    \
                    responses((status = 404, body = B, description = \"d\"))\n)]\n#[get(\"/tasks/{id}\")]\npub async \
                    fn get_task(\n    _caller: Authorized<P>,\n) {}\n";
        assert_none(&wrong_endpoint("http/get_task.rs", text));
        assert_eq!(wrong_endpoint("http/show_task.rs", text).len(), 2, "an unknown verb, and no handler of the name");
        for (right, wrong) in [
            ("#[get(", "#[route("),
            ("`: gets", "` gets"),
            ("/// Gets a task\n", "/// The task\n"),
            ("/// Gets a task\n", "/// Gets a task.\n"),
            ("body = B, description = \"d\"", "description = \"d\", body = B"),
            ("_caller: ", "_: "),
            ("body = B", "body = B, content_type = \"application/problem+json\""),
        ] {
            assert_eq!(wrong_endpoint("http/get_task.rs", &text.replace(right, wrong)).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_store_function_without_a_verb_and_a_public_row() {
        let text = "pub async fn load_task(\npub(super) struct TaskRow {\nfn fetch(\n";
        assert_none(&wrong_store("store/tasks.rs", text));
        let text = "    pub async fn fetch_task<T>(\npub(crate) struct TaskRow {\n";
        assert_eq!(wrong_store("store/tasks.rs", text).len(), 2);
    }

    #[test]
    fn an_error_table_in_another_form() {
        let text = "pub enum Error {}\n#[rustfmt::skip]\nimpl From<Error> for Problem {\n    fn from(error: Error) -> \
                    Self {\n        let detail = error.to_string();\n        match error {\n            \
                    Error::NotFound => Self::new(404, \"a\",   detail),\n            \
                    Error::Taken    => Self::new(409, \"a.b\", detail),\n            \
                    Error::Busy     => Self::unavailable(\"c\", detail),\n        }\n    }\n}\n";
        assert_none(&wrong_error("tasks", text));
        for (right, wrong) in [
            ("#[rustfmt::skip]\n", ""),
            ("pub enum Error {}", "pub enum Error {}\npub enum Reason {}"),
            ("pub enum Error {}", "pub enum Error { A(crate::http::View) }"),
            ("Error::Busy     =>", "Error::Busy =>"),
            ("\"a\",   detail", "\"a\", detail"),
            ("Self::unavailable(\"c\", detail),", "{\n                detail.into()\n            }"),
            ("Self::new(404, \"a\",   detail)", "Self::unavailable(\"a\", detail)"),
        ] {
            assert!(!wrong_error("tasks", &text.replace(right, wrong)).is_empty(), "{wrong}");
        }
    }

    #[test]
    fn a_domain_with_a_schema_and_a_type_of_http() {
        assert_none(&wrong_domain("domain.rs", "use kernel::{DateRange, FieldError};"));
        for wrong in ["use utoipa::ToSchema;", "use kernel::{FieldError, Problem};", "day: kernel::CalendarDate,"] {
            assert_eq!(wrong_domain("domain.rs", wrong).len(), 1, "{wrong}");
        }
    }
}
