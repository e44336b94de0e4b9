//! The invariants that the source tree shows: the dependencies of each crate, the schemas that each
//! module uses, and the anatomy of a module. Needs no database.
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail, and say why")]

mod anatomy;
mod metric_names;
mod problem_codes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The crates below `modules/` that every module may depend on.
const SHARED_CRATES: [&str; 2] = ["contracts", "kernel"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

fn workspace() -> Metadata {
    MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo metadata")
}

/// What a package needs to be built; tests may use more.
fn dependencies(package: &Package) -> BTreeSet<String> {
    let needed = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    needed.map(|dependency| dependency.name.clone()).collect()
}

/// Every folder of `modules/` that is a crate, a module or not.
fn packages_in_modules(workspace: &Metadata) -> Vec<&Package> {
    let folder = root().join("modules");
    workspace
        .packages
        .iter()
        .filter(|package| package.manifest_path.starts_with(folder.to_str().expect("UTF-8")))
        .collect()
}

fn modules(workspace: &Metadata) -> Vec<&Package> {
    packages_in_modules(workspace)
        .into_iter()
        .filter(|package| !SHARED_CRATES.contains(&package.name.as_str()))
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files_with(folder, "rs")
}

fn files_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_with(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            files.push(path);
        }
    }
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file of the project")
}

#[test]
fn invariant_1_a_module_depends_on_the_shared_crates_only() {
    let workspace = workspace();
    let members: BTreeSet<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    let modules = modules(&workspace);
    assert!(modules.len() >= 5, "the modules were not found");
    for module in modules {
        let ours: BTreeSet<String> =
            dependencies(module).into_iter().filter(|name| members.contains(name.as_str())).collect();
        let allowed: BTreeSet<String> = SHARED_CRATES.iter().map(|name| (*name).to_owned()).collect();
        assert!(ours.is_subset(&allowed), "{} depends on {:?}", module.name, ours.difference(&allowed));
    }
}

#[test]
fn invariant_2_contracts_needs_nothing_that_does_io() {
    let workspace = workspace();
    let contracts = packages_in_modules(&workspace).into_iter().find(|package| package.name.as_str() == "contracts");
    let allowed = ["chrono", "serde", "serde_json", "thiserror", "utoipa", "uuid"];
    for dependency in dependencies(contracts.expect("contracts is there")) {
        assert!(allowed.contains(&dependency.as_str()), "contracts depends on {dependency}");
    }
}

#[test]
fn invariant_2_the_kernel_has_no_domain_noun() {
    let nouns =
        ["wallet", "payout", "reward", "fee", "fees", "ledger", "assignee", "reassignment", "accounting", "email"];
    for file in rust_files(&root().join("modules/kernel/src")) {
        let text = read(&file).to_lowercase();
        let words: BTreeSet<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
        let found: Vec<&&str> = nouns.iter().filter(|noun| words.contains(**noun)).collect();
        assert!(found.is_empty(), "{} speaks of {found:?}", file.display());
    }
}

/// The schemas named in a statement, as `schema.`.
fn schemas_in<'a>(statement: &str, schemas: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let words: Vec<&str> =
        statement.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.')).collect();
    schemas.iter().filter(|schema| words.iter().any(|word| word.starts_with(&format!("{schema}.")))).copied().collect()
}

/// Every checked statement of a module, from the results that are committed beside it.
fn statements(module: &str) -> Vec<String> {
    let folder = root().join("modules").join(module).join(".sqlx");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let statement = |path: PathBuf| {
        let json: serde_json::Value = serde_json::from_str(&read(&path)).expect("sqlx writes JSON");
        json["query"].as_str().expect("a statement").to_owned()
    };
    entries.flatten().map(|entry| statement(entry.path())).collect()
}

#[test]
fn invariant_3_a_schema_is_read_and_written_by_one_module() {
    let workspace = workspace();
    let names: Vec<String> = modules(&workspace).iter().map(|module| module.name.to_string()).collect();
    let with_schema: Vec<&String> = names.iter().filter(|name| root().join("migrations").join(name).is_dir()).collect();
    assert!(with_schema.len() >= 4, "the schemas were not found");
    let schemas: BTreeSet<&str> = with_schema.iter().map(|name| name.as_str()).collect();
    let mut seen = BTreeMap::new();
    for module in &names {
        for statement in statements(module) {
            for schema in schemas_in(&statement, &schemas) {
                assert_eq!(schema, module, "{module} touches {schema}: {statement}");
                *seen.entry(schema.to_owned()).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(seen.len(), schemas.len(), "a schema that nobody touches: were its statements found?");
}

/// The kernel has one definition of the statements that use it.
#[test]
fn the_table_of_idempotency_keys_is_the_same_in_each_schema() {
    let (folder, workspace) = (root().join("migrations"), workspace());
    let schemas = modules(&workspace).into_iter().map(|module| module.name.to_string());
    let tables = schemas.filter(|schema| folder.join(schema).is_dir()).map(|schema| {
        let migration = read(&folder.join(&schema).join("0150_idempotency_keys.sql"));
        migration.replace(&format!("{schema}."), "schema.")
    });
    assert_eq!(tables.collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn the_check_of_statements_finds_a_foreign_schema() {
    let schemas = BTreeSet::from(["tasks", "accounting"]);
    assert_eq!(schemas_in("select 1 from tasks.tasks as t where t.tasks = 1", &schemas), BTreeSet::from(["tasks"]));
    assert_eq!(schemas_in("select 1 from accounting_report.days", &schemas), BTreeSet::new());
    assert_eq!(schemas_in("select (select 1 from accounting.days)", &schemas), BTreeSet::from(["accounting"]));
}

/// Lines outside the allowed files that contain `words`.
fn uses(words: &str, allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["app/src", "modules"] {
        for file in rust_files(&root().join(folder)) {
            let name = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            let is_test = name.contains("/tests/") || name.ends_with("/tests.rs");
            if is_test || allowed.iter().any(|allowed| name.starts_with(allowed)) {
                continue;
            }
            let hits = read(&file).lines().filter(|line| line.contains(words)).count();
            found.extend((0..hits).map(|_| name.clone()));
        }
    }
    found
}

#[test]
fn invariant_4_events_leave_through_the_transaction_and_the_relay_only() {
    // `Tx::emit` writes the outbox, the relay publishes what was committed; nobody else does
    // either. But for the statements of the batches, which have to say in one round trip what they
    // did: each puts what an `Envelope` holds there.
    assert_eq!(uses(".publish(", &["modules/kernel/src/events/relay.rs", "app/src/bus/"]), Vec::<String>::new());
    assert_eq!(uses("outbox::append", &["modules/kernel/src/db/"]), Vec::<String>::new());
    let batched = ["tasks/src/store/insert_tasks.sql", "tasks/src/store/insert_completed_tasks.sql"];
    for package in modules(&workspace()) {
        let outbox = format!("{}.outbox", package.name);
        assert_eq!(uses(&outbox, &[]), Vec::<String>::new());
        let files = files_with(&root().join("modules"), "sql");
        let statements: Vec<&PathBuf> = files.iter().filter(|file| read(file).contains(&outbox)).collect();
        assert!(statements.iter().all(|file| batched.iter().any(|batched| file.ends_with(batched))), "{statements:?}");
    }
    let callers = ["tasks", "completed_tasks"].map(|name| root().join(format!("modules/tasks/src/store/{name}.rs")));
    let heads = callers.map(|file| read(&file).matches("envelope.head()").count());
    assert_eq!(heads, [1, 1], "each statement takes its event's head from an envelope");
}

#[test]
fn invariant_7_each_technology_has_one_home() {
    let homes = [
        ("apalis", "piecework"),
        ("apalis-postgres", "piecework"),
        ("lapin", "piecework"),
        ("config", "piecework"),
        ("jsonwebtoken", "identity"),
        ("openidconnect", "identity"),
        ("argon2", "identity"),
        ("lettre", "email"),
        ("opentelemetry-otlp", "piecework"),
        ("opentelemetry_sdk", "piecework"),
    ];
    for package in &workspace().packages {
        for dependency in dependencies(package) {
            if let Some((technology, home)) = homes.iter().find(|(technology, _)| *technology == dependency) {
                assert_eq!(package.name.as_str(), *home, "{technology} is at home in {home}");
            }
        }
    }
}

#[test]
fn invariant_7_only_the_two_programs_parse_a_command_line() {
    for package in &workspace().packages {
        let name = package.name.as_str();
        assert!(!dependencies(package).contains("clap") || ["piecework", "load"].contains(&name), "{name} uses clap");
    }
}

#[test]
fn invariant_9_every_crate_takes_the_workspaces_lints() {
    for package in &workspace().packages {
        let manifest = read(package.manifest_path.as_std_path());
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
    }
    assert!(read(&root().join("Cargo.toml")).contains("unsafe_code = \"deny\""));
    assert_eq!(uses("#[allow(", &[]), Vec::<String>::new());
}

#[test]
fn the_top_level_is_what_the_user_fixed() {
    let fixed =
        ["Cargo.toml", "Cargo.lock", "app", "modules", "migrations", "config", "tests", "Dockerfile", "README.md"];
    let tracked = std::process::Command::new("git").args(["ls-files"]).current_dir(root()).output().expect("git");
    let tracked = String::from_utf8(tracked.stdout).expect("names are UTF-8");
    for file in tracked.lines() {
        let top = file.split('/').next().expect("a name");
        assert!(top.starts_with('.') || fixed.contains(&top), "{top} does not belong at the top level");
    }
}
