//! `verify` on data that somebody has broken: it names the row and the invariant.

use harness::eventually;
use serde_json::Value;
use sqlx::{Executor, PgConnection};

use crate::ground::Ground;
use crate::http::Api;
use crate::program::{add_person, piecework, serve, verify_holds};

/// A way to break the data, how to mend it, and what has to be said of it.
struct Breach {
    database: &'static str,
    breaks: &'static str,
    mends: &'static str,
    says: &'static [&'static str],
}

const BREACHES: [Breach; 7] = [
    Breach {
        database: "accounting",
        breaks: "update accounting.wallets set balance_minor = balance_minor + 1",
        mends: "update accounting.wallets set balance_minor = balance_minor - 1",
        says: &["invariant 1: wallet {person} is not the sum of its lines"],
    },
    Breach {
        database: "accounting",
        breaks: "alter table accounting.transfers disable trigger all;
            update accounting.transfers set task_id = '00000000-0000-7000-8000-000000000000'
                where kind = 'completion_reward' and task_id = '{task}'",
        mends: "update accounting.transfers set task_id = '{task}'
                where task_id = '00000000-0000-7000-8000-000000000000';
            alter table accounting.transfers enable trigger all",
        says: &["invariant 2: task {task} was completed by {person} and has 0 rewards"],
    },
    Breach {
        database: "accounting",
        breaks: "update accounting.prices set fee_minor = fee_minor + 100000 where task_id = '{task}'",
        mends: "update accounting.prices set fee_minor = fee_minor - 100000 where task_id = '{task}'",
        says: &["invariant 3: the price of task {task} is outside the range of its policy"],
    },
    Breach {
        database: "accounting",
        breaks: "update email.mails set business_day = business_day - 1",
        mends: "update email.mails set business_day = business_day + 1",
        says: &["invariant 4: {day} has 1 payouts and 0 mails"],
    },
    Breach {
        database: "accounting",
        breaks: "update accounting.day_totals set fees_minor = fees_minor + 1",
        mends: "update accounting.day_totals set fees_minor = fees_minor - 1",
        says: &["invariant 5: the totals of {day} are not those of its transfers", "invariant 5: the days' earnings"],
    },
    Breach {
        database: "tracker",
        breaks: "update tasks.assignments set assignee_id = '00000000-0000-7000-8000-000000000000'
            where number = (select number from tasks.tasks where task_id = '{task}')",
        mends: "update tasks.assignments set assignee_id = '{person}'
            where number = (select number from tasks.tasks where task_id = '{task}')",
        says: &["invariant 6: draw 1 of task {task} comes out differently"],
    },
    Breach {
        database: "tracker",
        breaks: "insert into tasks.open_tasks (number, assignee_id, assignment)
            select number, '{person}', 1 from tasks.completed_tasks",
        mends: "delete from tasks.open_tasks where number in (select number from tasks.completed_tasks)",
        says: &["invariant 6: task {task} is neither open nor completed, or both"],
    },
];

#[tokio::test]
async fn verify_names_the_row_and_the_invariant_that_it_breaks() {
    let ground = Ground::new();
    add_person(&ground, "ann@example.org", "worker").await;
    add_person(&ground, "anna@example.org", "accountant").await;
    let server = serve(&ground).await;
    let ann = server.api.log_in("ann@example.org").await;
    let anna = server.api.log_in("anna@example.org").await;
    let person = ann.get("/me").await.ok()["id"].as_str().unwrap().to_owned();
    let task = eventually("Ann completes a task of hers", async || complete(&ann).await).await;
    // Whoever has less than nothing is not paid, and this is about a payout: on until she has earned something.
    let earns = async || {
        complete(&ann).await;
        (ann.get("/wallets/me").await.ok()["balance"]["amount_minor"].as_i64() > Some(0)).then_some(())
    };
    eventually("Ann earns something", earns).await;
    let day = anna.all("/days").await[0]["date"].as_str().unwrap().to_owned();
    anna.post(&format!("/days/{day}/close"), Value::Null).await.ok();
    verify_holds(&ground.data_dir()).await;

    let fill = |text: &str| text.replace("{task}", &task).replace("{person}", &person).replace("{day}", &day);
    for Breach { database, breaks, mends, says } in BREACHES {
        let mut connection = ground.postgres().connect(database).await;
        run(&mut connection, &fill(breaks)).await;
        let outcome = piecework(&ground.data_dir(), &["verify"]).finish().await;
        run(&mut connection, &fill(mends)).await;
        assert_eq!(outcome.code, Some(1), "not found: {breaks}\n{outcome:?}");
        for text in says {
            assert!(outcome.stdout.contains(&fill(text)), "not said: {}\n{}", fill(text), outcome.stdout);
        }
        assert!(!outcome.stdout.contains("All invariants hold"));
        assert!(outcome.stderr.contains("break an invariant"), "{}", outcome.stderr);
    }
    verify_holds(&ground.data_dir()).await;
    server.stop().await;
    // Also without a server.
    let text = piecework(&ground.data_dir(), &["verify"]).finish().await.ok();
    assert!(text.contains("All invariants hold."), "{text}");
}

/// Creates a task and completes it, if it is drawn to this person.
async fn complete(person: &Api) -> Option<String> {
    let created = person.create_task("Count the chairs").await;
    let id = created["id"].as_str().unwrap().to_owned();
    (person.post(&format!("/tasks/{id}/complete"), Value::Null).await.status == 200).then_some(id)
}

async fn run(connection: &mut PgConnection, statements: &str) {
    connection.execute(sqlx::AssertSqlSafe(statements)).await.unwrap();
}
