//! Accounts over HTTP: one's own profile and password, invitations, and forgotten passwords.

use harness::{Answer, Api, Company, PASSWORD, System, eventually, sent_mails};
use serde_json::{Value, json};

/// The token of the link in a mail to this address.
async fn mailed_token(company: &Company, to: &str) -> String {
    eventually("a mail with a link is sent", async || {
        let mails = sent_mails(&company.system.mail_directory());
        mails.iter().rev().find(|mail| mail.to == to)?.link_token()
    })
    .await
}

async fn set_password(api: &Api, token: &str, password: &str) -> Answer {
    api.post("/auth/set-password", &json!({ "token": token, "password": password })).await
}

fn field_of(answer: &Answer) -> &str {
    answer.json["errors"][0]["pointer"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn people_change_their_own_name_language_and_time_zone() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let me = worker.read("/me").await;
    assert_eq!(me["permissions"], json!(["be_known", "see_own_wallet", "use_tasks"]));
    assert_eq!((&me["language"], &me["time_zone"]), (&Value::Null, &Value::Null));
    let change = json!({ "name": " Wim W. ", "language": "ru", "time_zone": "Asia/Novosibirsk" });
    let changed = worker.patch("/me", &change).await.expect_status(200).json;
    assert_eq!((&changed["name"], &changed["time_zone"]), (&json!("Wim W."), &json!("Asia/Novosibirsk")));
    assert_eq!(worker.read("/me").await, changed);
    assert_eq!(company.manager.api.read("/people?q=Wim").await["items"][0]["name"], "Wim W.");
    let reset = worker.patch("/me", &json!({ "time_zone": null, "language": null })).await.expect_status(200);
    assert_eq!((&reset.json["language"], &reset.json["time_zone"]), (&Value::Null, &Value::Null));

    for (body, status, field) in [
        (json!({}), 422, ""),
        (json!({ "time_zone": "Mars/Olympus" }), 422, "/time_zone"),
        (json!({ "language": "tlh" }), 422, "/language"),
        (json!({ "name": null }), 400, "/name"),
        (json!({ "role": "admin" }), 400, "/role"),
        (json!({ "email": "other@example.org" }), 400, "/email"),
    ] {
        let refused = worker.patch("/me", &body).await.expect_status(status);
        assert_eq!(field_of(&refused), field, "{body}");
    }
    company.finish().await;
}

#[tokio::test]
async fn a_password_is_changed_with_the_current_one_and_the_other_sessions_end() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let other = company.system.log_in_again(&company.worker).await;
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let wrong = worker.post("/me/password", &change("wrong password", "a new password")).await;
    assert_eq!(field_of(&wrong.expect_problem(422, "identity.wrong_password")), "/current_password");
    for weak in ["12345678", "        ", "short", &company.worker.email] {
        let weak = worker.post("/me/password", &change(PASSWORD, weak)).await;
        assert_eq!(field_of(&weak.expect_problem(422, "invalid_request")), "/new_password");
    }
    worker.post("/me/password", &change(PASSWORD, "a new password")).await.expect_status(204);
    worker.get("/me").await.expect_status(200);
    other.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    let login = json!({ "email": company.worker.email, "password": PASSWORD });
    company.system.api.post("/auth/login", &login).await.expect_problem(401, "identity.wrong_credentials");
    company.system.api.login(&company.worker.email, "a new password").await.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn an_invited_person_gets_a_mail_and_sets_a_password_once() {
    let company = Company::new().await;
    let new = json!({ "email": "eve@example.org", "name": "Eve", "role": "worker", "language": "ru", "invite": true });
    let both =
        json!({ "email": "eve@example.org", "name": "Eve", "role": "worker", "invite": true, "password": PASSWORD });
    let refused = company.admin.api.post("/people", &both).await;
    assert_eq!(field_of(&refused.expect_problem(422, "invalid_request")), "/password");
    let eve = company.admin.api.post("/people", &new).await.expect_status(201);
    assert_eq!(eve.json.get("set_password_token"), None, "the link is in the mail only");
    company.system.settle().await;
    let token = mailed_token(&company, "eve@example.org").await;
    let anonymous = &company.system.api;
    let weak = set_password(anonymous, &token, "eve@example.org").await;
    assert_eq!(field_of(&weak.expect_problem(422, "invalid_request")), "/password");
    set_password(anonymous, &token, PASSWORD).await.expect_status(200);
    set_password(anonymous, &token, PASSWORD).await.expect_problem(409, "identity.link_used");
    anonymous.login("eve@example.org", PASSWORD).await.get("/me").await.expect_status(200);

    let path = format!("/people/{}/invitation", eve.id());
    company.manager.api.post_nothing(&path).await.expect_problem(403, "forbidden");
    company.admin.api.post_nothing(&path).await.expect_status(202);
    let unknown = "/people/00000000-0000-7000-8000-000000000000/invitation";
    company.admin.api.post_nothing(unknown).await.expect_problem(404, "not_found");
    company.system.settle().await;
    let mails = async || {
        let mails = company.admin.api.read_all("/admin/emails", 200).await;
        let sent = mails.iter().filter(|mail| mail["kind"] == "invitation" && mail["status"] == "sent");
        (sent.count() == 2).then(|| mails[0]["id"].as_str().unwrap().to_owned())
    };
    let mail = eventually("both invitations are sent", mails).await;
    let resend = company.admin.api.post_nothing(&format!("/admin/emails/{mail}/resend")).await;
    resend.expect_problem(409, "email.link_sent");
    company.finish().await;
}

#[tokio::test]
async fn a_forgotten_password_is_set_with_a_mailed_link_and_every_address_gets_the_same_answer() {
    let company = Company::new().await;
    let left = company.accountant.email.clone();
    let path = format!("/people/{}", company.accountant.id);
    company.admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);
    company.system.settle().await;
    let anonymous = &company.system.api;
    let mut answers = Vec::new();
    for email in [&*company.worker.email, &left, "unknown@example.org"] {
        let answer = anonymous.post("/auth/password-reset", &json!({ "email": email })).await.expect_status(202);
        let mut headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| {
                !["x-request-id", "date"].contains(&name.as_str()) && !name.as_str().contains("position")
            })
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        answers.push((answer.status, answer.text, headers));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let invalid = anonymous.post("/auth/password-reset", &json!({ "email": "nobody" })).await;
    assert_eq!(field_of(&invalid.expect_problem(422, "invalid_request")), "/email");

    let token = mailed_token(&company, &company.worker.email).await;
    assert_eq!(sent_mails(&company.system.mail_directory()).len(), 1, "nobody else gets a mail");
    company.worker.api.get("/me").await.expect_status(200);
    set_password(anonymous, &token, "a new password").await.expect_status(200);
    company.worker.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    company.manager.api.get("/me").await.expect_status(200);
    set_password(anonymous, &token, "a new password").await.expect_problem(409, "identity.link_used");
    anonymous.login(&company.worker.email, "a new password").await.get("/me").await.expect_status(200);
    company.finish().await;
}
