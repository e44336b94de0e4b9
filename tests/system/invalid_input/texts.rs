//! Texts that show nothing or hide something, addresses to which no mail can be sent, and the
//! spellings of one text.

use harness::{Company, PASSWORD};
use serde_json::json;

/// Texts without a visible character, and texts that hide one.
fn invisible_texts() -> Vec<String> {
    let hidden = [
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{206a}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff9}',
        '\u{ffff}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{e0100}',
    ];
    let mut texts: Vec<String> =
        hidden.iter().flat_map(|one| [format!("{one}{one}"), format!("Ada{one}Ada")]).collect();
    texts.extend(["\u{301}", "\u{2800}\u{2800}", "\u{a0}\u{3000}", "\u{301}Ada", "Ada\u{2028}Ada"].map(str::to_owned));
    texts
}

/// Texts of writing systems and emoji that need hidden characters or marks.
const VISIBLE_TEXTS: [&str; 12] = [
    "محمد العربي",
    "שָׁלוֹם",
    "Fix \u{200f}(שלום)\u{200e} now",
    "می\u{200c}خواهم",
    "क\u{94d}\u{200d}ष",
    "ශ\u{dca}\u{200d}රී",
    "葛\u{e0100}飾区",
    "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "x\u{331}\u{304}",
    "Ольга «Оля»",
    "O'Brien-Łukasiewicz",
];

#[tokio::test]
async fn a_name_a_title_and_a_reason_are_visible_and_hide_nothing() {
    let company = Company::new().await;
    let nothing = "00000000-0000-7000-8000-000000000000";
    let (admin, accountant) = (&company.admin.api, &company.accountant.api);
    let wim = format!("/people/{}", company.worker.id);
    let discard = format!("/admin/modules/tasks/parked-events/{nothing}/discard");
    for text in invisible_texts() {
        let person = json!({ "email": "ada@example.org", "name": text, "role": "worker" });
        let people = json!({ "people": [person] });
        let correction = json!({ "transfer_id": nothing, "reason": text });
        let token = json!({ "name": text, "scopes": ["read"], "expires_at": "2026-12-01T00:00:00Z" });
        for (field, refused) in [
            ("/title", admin.post("/tasks", &json!({ "title": text })).await),
            ("/name", admin.post("/people", &person).await),
            ("/name", admin.patch(&wim, &json!({ "name": text })).await),
            ("/name", admin.patch("/me", &json!({ "name": text })).await),
            ("/people/0/name", admin.post("/people/batch", &people).await),
            ("/name", admin.post("/me/tokens", &token).await),
            ("/reason", accountant.post("/corrections", &correction).await),
            ("/reason", admin.post(&discard, &json!({ "reason": text })).await),
        ] {
            assert_eq!(refused.status, 422, "{text:?} as {field}: {refused:?}");
            assert_eq!(refused.json["errors"][0]["pointer"], field, "{text:?}: {refused:?}");
        }
    }
    for (number, text) in VISIBLE_TEXTS.into_iter().enumerate() {
        let task = admin.post("/tasks", &json!({ "title": text })).await.expect_status(201);
        assert_eq!(task.json["title"], text);
        let person = json!({ "email": format!("ada{number}@example.org"), "name": text, "role": "manager" });
        assert_eq!(admin.post("/people", &person).await.expect_status(201).json["name"], text);
    }
    company.finish().await;
}

#[tokio::test]
async fn a_description_may_be_of_several_lines_and_forces_no_direction() {
    let company = Company::new().await;
    let post = async |description: &str| {
        company.admin.api.post("/tasks", &json!({ "title": "Fix", "description": description })).await
    };
    for refused in ["a\u{202e}b", "a\u{202d}b", "a\u{e0041}b", "a\u{0}b", "a\u{1b}[31mb"] {
        let refused = post(refused).await.expect_status(422);
        assert_eq!(refused.json["errors"][0]["pointer"], "/description");
    }
    let stored = post("cafe\u{301}\n\t\u{2068}שלום\u{2069} soft\u{ad}hyphen").await.expect_status(201);
    assert_eq!(stored.json["description"], "caf\u{e9}\n\t\u{2068}שלום\u{2069} soft\u{ad}hyphen");
    assert_eq!(post("\u{200b}\n\u{feff}").await.expect_status(201).json["description"], json!(null));
    company.finish().await;
}

#[tokio::test]
async fn a_text_is_found_in_every_spelling() {
    let company = Company::new().await;
    let admin = &company.admin.api;
    let task = json!({ "title": "Cafe\u{301} at the corner" });
    assert_eq!(admin.post("/tasks", &task).await.expect_status(201).json["title"], "Caf\u{e9} at the corner");
    let person = json!({ "email": "zoe@example.org", "name": "Zoe\u{308}", "role": "manager" });
    assert_eq!(admin.post("/people", &person).await.expect_status(201).json["name"], "Zo\u{eb}");
    for (path, count) in [
        ("/tasks?q=caf%C3%A9", 1),
        ("/tasks?q=cafe%CC%81", 1),
        ("/tasks?q=cafe", 0),
        ("/people?q=zo%C3%AB", 1),
        ("/people?q=zoe%CC%88", 1),
    ] {
        assert_eq!(admin.read(path).await["items"].as_array().unwrap().len(), count, "{path}");
    }
    company.finish().await;
}

#[tokio::test]
async fn an_address_to_which_no_mail_can_be_sent_is_refused() {
    let company = Company::new().await;
    let wim = format!("/people/{}", company.worker.id);
    for refused in [
        format!("{}@example.org", "a".repeat(65)),
        format!("a@{}.example", "b".repeat(64)),
        format!("a@{}.example", "\u{fc}\u{e9}".repeat(30)),
        format!("{}@{2}.{2}.{2}.{}", "a".repeat(60), "b".repeat(40), "c".repeat(55)),
        "\u{f6}laf@example.org".to_owned(),
        // The first letter is Cyrillic.
        "\u{430}da@example.org".to_owned(),
        "ada@ex\u{430}mple.org".to_owned(),
        "ada@xn--exmple-4nf.org".to_owned(),
        "ada@\u{441}\u{43e}\u{441}\u{43e}.com".to_owned(),
        "a\u{200b}da@example.org".to_owned(),
        "ada@127.0.0.1".to_owned(),
        "ada@xn--a.example".to_owned(),
        "ada@b_c.example".to_owned(),
    ] {
        let person = json!({ "email": refused, "name": "Ada", "role": "worker" });
        for answer in [
            company.admin.api.post("/people", &person).await,
            company.admin.api.patch(&wim, &json!({ "email": refused })).await,
        ] {
            assert_eq!(answer.status, 422, "{refused}: {answer:?}");
            assert_eq!(answer.json["errors"][0]["pointer"], "/email", "{refused}: {answer:?}");
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn the_forms_of_one_address_are_one_person() {
    let company = Company::new().await;
    let person = |email: &str| json!({ "email": email, "name": "Ada", "role": "manager", "password": PASSWORD });
    let forms = [
        "Ada@b\u{fc}cher.example",
        "ada@bu\u{308}cher.example",
        "ada@xn--bcher-kva.example",
        "ADA@XN--BCHER-KVA.EXAMPLE",
        "\u{ff41}\u{ff44}\u{ff41}\u{ff20}b\u{fc}cher\u{3002}example",
    ];
    let ada = company.admin.api.post("/people", &person(forms[0])).await.expect_status(201);
    assert_eq!(ada.json["email"], "Ada@xn--bcher-kva.example", "a mail server accepts this form");
    for form in forms {
        company.admin.api.post("/people", &person(form)).await.expect_problem(409, "identity.email_taken");
        let me = company.system.api.login(form, PASSWORD).await.read("/me").await;
        assert_eq!(me["id"], ada.json["id"], "{form}");
    }
    company.finish().await;
}

#[tokio::test]
async fn a_password_is_the_same_in_every_spelling() {
    let company = Company::new().await;
    // Composed, decomposed, and in the full-width forms of an Asian keyboard.
    for (number, (set, entered)) in [
        ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me"),
        ("cafe\u{301} cre\u{300}me", "caf\u{e9} cr\u{e8}me"),
        ("correct horse", "\u{ff43}orrect\u{3000}horse"),
        ("\u{ff43}orrect horse", "correct horse"),
        (
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{438}\u{306}\u{439}",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{439}\u{439}",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{number}@example.org");
        let person = json!({ "email": email, "name": "Ada", "role": "manager", "password": set });
        let created = company.admin.api.post("/people", &person).await;
        if number == 4 {
            // Eight code points as entered are seven letters.
            assert_eq!(created.expect_status(422).json["errors"][0]["pointer"], "/password");
            continue;
        }
        created.expect_status(201);
        for password in [set, entered] {
            company.system.api.login(&email, password).await.read("/me").await;
        }
        let wrong = json!({ "email": email, "password": format!("{entered}\u{301}") });
        company.system.api.post("/auth/login", &wrong).await.expect_problem(401, "identity.wrong_credentials");
    }
    company.finish().await;
}
