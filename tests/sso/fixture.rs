//! A company whose people log in at a provider.

use contracts::Role;
use harness::{Person, System, TestApp, TestEnvironment, create_first_admin};
use kernel::Ambient;
use piecework::config::Config;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::provider::{CLIENT_SECRET, Provider};

/// An application, its admin and its provider.
pub struct Fixture {
    pub app: TestApp,
    pub admin: Person,
    pub provider: Provider,
}

/// Settings with the provider. `confidential` is the client with a secret.
pub fn set_provider(config: &mut Config, issuer: &str, client_id: &str) {
    config.sso.issuer = Some(issuer.to_owned());
    config.sso.client_id = Some(client_id.to_owned());
    config.sso.client_secret = (client_id == "confidential").then(|| CLIENT_SECRET.to_owned());
}

/// Roles from the claim `groups`.
pub fn map_roles(config: &mut Config) {
    config.sso.role_claim = Some("groups".to_owned());
    config.sso.roles = ["chiefs=manager", "books=accountant", "staff=worker", "it=admin"].map(str::to_owned).to_vec();
}

/// Creates people at their first login, as workers.
pub fn create_people(config: &mut Config) {
    config.sso.create_people = true;
    config.sso.default_role = Some(Role::Worker);
}

/// An application with these settings, on the clock of the machine, which the provider uses.
pub async fn start(change: impl FnOnce(&mut Config)) -> TestApp {
    start_on(Ambient::system(), change).await
}

/// The same on another clock.
pub async fn start_on(ambient: Ambient, change: impl FnOnce(&mut Config)) -> TestApp {
    let environment = TestEnvironment::new().await;
    let mut config = environment.config();
    change(&mut config);
    environment.start_from(&config, ambient).await
}

impl Fixture {
    /// `None` if there is no provider.
    pub async fn new(change: impl FnOnce(&mut Config)) -> Option<Self> {
        Self::with(&[], "confidential", change).await
    }

    pub async fn with(arguments: &[&str], client_id: &str, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let provider = Provider::start(arguments)?;
        let app = start(|config| {
            set_provider(config, &provider.issuer, client_id);
            change(config);
        })
        .await;
        let admin = create_first_admin(&app.api, &app.first_admin_token().await).await;
        Some(Self { app, admin, provider })
    }

    /// A browser of the account. Its claims have a verified address.
    pub async fn browser(&self, account: &str) -> Browser {
        self.browser_with(account, json!({})).await
    }

    /// The same with further claims, or others.
    pub async fn browser_with(&self, account: &str, claims: Value) -> Browser {
        self.set_claims(account, claims).await;
        Browser::new(self.app.application.public_url(), &self.provider.issuer, account)
    }

    /// Gives an account a verified address, a name and further claims.
    pub async fn set_claims(&self, account: &str, claims: Value) {
        let email = format!("{account}@example.org");
        let mut all = json!({ "email": email, "email_verified": true, "name": account.to_uppercase() });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        self.provider.set_account(account, all).await;
    }

    pub async fn hire(&self, role: Role, name: &str) -> Person {
        self.app.hire(&self.admin, role, name).await
    }

    /// Every person, as the admin sees them.
    pub async fn people(&self) -> Vec<Value> {
        self.admin.api.read_all("/people", 200).await
    }

    /// Stops the application after a check of its data.
    pub async fn finish(self) {
        self.app.stop().await;
    }
}
