//! The command line on databases whose URLs name both servers, in each order.

use harness::{Pair, Settings, piecework};

/// The settings of databases whose URLs name two servers, in the order of `urls`.
fn settings(urls: impl Fn(&str) -> [String; 2], databases: &[String; 2]) -> Settings {
    let server = |url: &str| url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let setting = |(name, database): (&str, &String)| {
        let [first, second] = urls(database);
        let hosts = format!("{},{}", server(&first), server(&second));
        (format!("PIECEWORK__DATABASES__{name}__WRITE_URL"), first.replacen(&server(&first), &hosts, 1))
    };
    ["TRACKER", "ACCOUNTING"].into_iter().zip(databases).map(setting).collect()
}

/// Runs every command that an operator runs after a failover.
async fn run_all(settings: &Settings, email: &str) {
    let data = tempfile::tempdir().unwrap();
    let backup = data.path().join("backup");
    let person = ["people", "add", "--email", email, "--name", "Ann", "--role", "admin"];
    let run = async |arguments: &[&str]| {
        let run = piecework(data.path(), arguments).settings(settings).input("a long enough passphrase\n");
        run.finish().await.ok();
    };
    run(&["migrate"]).await;
    run(&person).await;
    run(&["events", "replay"]).await;
    run(&["events", "parked"]).await;
    run(&["reconcile", "--apply"]).await;
    run(&["verify"]).await;
    run(&["doctor"]).await;
    run(&["backup", backup.to_str().unwrap()]).await;
}

#[tokio::test]
async fn every_command_finds_the_server_that_takes_writes() {
    let pair = Pair::start().await;
    let databases = [pair.database().await, pair.database().await];
    let primary_first = |database: &str| [pair.primary_url(database), pair.standby_url(database)];
    let standby_first = |database: &str| [pair.standby_url(database), pair.primary_url(database)];
    run_all(&settings(primary_first, &databases), "ann@example.org").await;
    run_all(&settings(standby_first, &databases), "bob@example.org").await;
    // Now the former primary does not answer.
    pair.fail_over().await;
    run_all(&settings(primary_first, &databases), "cy@example.org").await;
    run_all(&settings(standby_first, &databases), "di@example.org").await;
}
