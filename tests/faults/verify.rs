//! `verify` on damaged data: it names the row and the invariant.

use harness::{Api, PASSWORD, assert_verified, create_person, eventually, piecework};
use sqlx::{Executor, PgConnection};

use crate::data_directory::DataDirectory;

/// A statement that damages the data, one that repairs it, and the expected findings.
struct Damage {
    database: &'static str,
    damages: &'static str,
    repairs: &'static str,
    findings: &'static [&'static str],
}

const DAMAGES: [Damage; 7] = [
    Damage {
        database: "accounting",
        damages: "update accounting.wallets set balance_minor = balance_minor + 1",
        repairs: "update accounting.wallets set balance_minor = balance_minor - 1",
        findings: &["invariant 1: wallet {person} is not the sum of its lines"],
    },
    Damage {
        database: "accounting",
        damages: "alter table accounting.transfers disable trigger all;
            update accounting.transfers set task_id = '00000000-0000-7000-8000-000000000000'
                where kind = 'completion_reward' and task_id = '{task}'",
        repairs: "update accounting.transfers set task_id = '{task}'
                where task_id = '00000000-0000-7000-8000-000000000000';
            alter table accounting.transfers enable trigger all",
        findings: &["invariant 2: task {task} was completed by {person} and has 0 rewards"],
    },
    Damage {
        database: "accounting",
        damages: "update accounting.prices set fee_minor = fee_minor + 100000 where task_id = '{task}'",
        repairs: "update accounting.prices set fee_minor = fee_minor - 100000 where task_id = '{task}'",
        findings: &["invariant 3: the price of task {task} is outside the range of its policy"],
    },
    Damage {
        database: "accounting",
        damages: "update email.mails set business_day = business_day - 1",
        repairs: "update email.mails set business_day = business_day + 1",
        findings: &["invariant 4: {day} has 1 payouts and 0 mails"],
    },
    Damage {
        database: "accounting",
        damages: "update accounting.day_totals set fees_minor = fees_minor + 1",
        repairs: "update accounting.day_totals set fees_minor = fees_minor - 1",
        findings: &[
            "invariant 5: the totals of {day} are not those of its transfers",
            "invariant 5: the days' earnings",
        ],
    },
    Damage {
        database: "tracker",
        damages: "update tasks.assignments set assignee_id = '00000000-0000-7000-8000-000000000000'
            where number = (select number from tasks.tasks where task_id = '{task}')",
        repairs: "update tasks.assignments set assignee_id = '{person}'
            where number = (select number from tasks.tasks where task_id = '{task}')",
        findings: &["invariant 6: draw 1 of task {task} has another result"],
    },
    Damage {
        database: "tracker",
        damages: "insert into tasks.open_tasks (number, assignee_id, assignment)
            select number, '{person}', 1 from tasks.completed_tasks",
        repairs: "delete from tasks.open_tasks where number in (select number from tasks.completed_tasks)",
        findings: &["invariant 6: task {task} is neither open nor completed, or both"],
    },
];

#[tokio::test]
async fn verify_names_the_row_and_the_invariant_that_it_violates() {
    let data = DataDirectory::new();
    create_person(&data.path(), "ann@example.org", "worker").await;
    create_person(&data.path(), "anna@example.org", "accountant").await;
    let server = data.serve().await;
    let ann = server.api.login("ann@example.org", PASSWORD).await;
    let anna = server.api.login("anna@example.org", PASSWORD).await;
    let person = ann.get("/me").await.ok()["id"].as_str().unwrap().to_owned();
    let task = eventually("Ann completes a task", async || complete(&ann).await).await;
    // Only a positive balance is paid, and one damage concerns the payout.
    let has_earned = async || {
        complete(&ann).await;
        (ann.get("/wallets/me").await.ok()["balance"]["amount_minor"].as_i64() > Some(0)).then_some(())
    };
    eventually("Ann has a positive balance", has_earned).await;
    let day = anna.read_all("/days", 200).await[0]["date"].as_str().unwrap().to_owned();
    anna.post_nothing(&format!("/days/{day}/close")).await.ok();
    assert_verified(&data.path()).await;

    let fill = |text: &str| text.replace("{task}", &task).replace("{person}", &person).replace("{day}", &day);
    for Damage { database, damages, repairs, findings } in DAMAGES {
        let mut connection = data.postgres().connect(database).await;
        run(&mut connection, &fill(damages)).await;
        let outcome = piecework(&data.path(), &["verify"]).finish().await;
        run(&mut connection, &fill(repairs)).await;
        assert_eq!(outcome.code, Some(1), "not found: {damages}\n{outcome:?}");
        for text in findings {
            assert!(outcome.stdout.contains(&fill(text)), "not reported: {}\n{}", fill(text), outcome.stdout);
        }
        assert!(!outcome.stdout.contains("All invariants hold"));
        assert!(outcome.stderr.contains("violate an invariant"), "{}", outcome.stderr);
    }
    assert_verified(&data.path()).await;
    server.stop().await;
    // The command works without a server as well.
    let text = piecework(&data.path(), &["verify"]).finish().await.ok();
    assert!(text.contains("All invariants hold."), "{text}");
}

#[tokio::test]
async fn verify_says_what_it_has_checked_and_refuses_what_it_cannot() {
    let data = DataDirectory::new();
    create_person(&data.path(), "ann@example.org", "worker").await;
    let text = piecework(&data.path(), &["verify"]).finish().await.ok();
    assert!(text.contains("Checked: everything that was committed before "), "{text}");
    let text = piecework(&data.path(), &["verify", "--since", "2026-01-01"]).finish().await.ok();
    assert!(text.contains("Checked: what was committed since the beginning of "), "{text}");
    let report = piecework(&data.path(), &["verify", "--json", "--since", "2999-12-31"]).finish().await.json();
    let day = report["checked_since"].as_str().unwrap();
    assert!(day < "2999-12-31" && !report["as_of"].is_null(), "the open day is always checked: {report}");

    let refused = piecework(&data.path(), &["verify", "--replica"]).finish().await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("databases.tracker.read_urls is empty"), "{}", refused.stderr);
    let refused = piecework(&data.path(), &["verify", "--since", "yesterday"]).finish().await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--since"), "{}", refused.stderr);
}

/// Creates a task, and completes it if it is assigned to this person.
async fn complete(person: &Api) -> Option<String> {
    let created = person.create_task("Count the chairs").await;
    let id = created["id"].as_str().unwrap().to_owned();
    (person.post_nothing(&format!("/tasks/{id}/complete")).await.status == 200).then_some(id)
}

async fn run(connection: &mut PgConnection, statements: &str) {
    connection.execute(sqlx::AssertSqlSafe(statements)).await.unwrap();
}
