//! The OpenID provider as a process of node, and what a test changes of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};

/// If it is `1`, a missing node or package fails the tests.
const REQUIRE_VARIABLE: &str = "PIECEWORK_REQUIRE_SSO";
/// The secret of the client `confidential`, as `provider.mjs` has it.
pub const CLIENT_SECRET: &str = "a secret of 32 letters / + & : %";

/// A running provider. It ends with this value, or with the process.
pub struct Provider {
    process: Child,
    pub issuer: String,
    client: Client,
}

impl Provider {
    /// Starts a provider with the arguments of `provider.mjs`. `None` if node or the packages are
    /// missing; it prints that the test is left out.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sso/provider");
        let started = folder.join("node_modules/oidc-provider").is_dir().then(|| spawn(&folder, arguments)).flatten();
        let Some(mut process) = started else {
            leave_out(&folder);
            return None;
        };
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port: u16 = port.trim().parse().expect("the provider prints its port");
        let client = Client::builder().no_proxy().build().unwrap();
        Some(Self { process, issuer: format!("http://127.0.0.1:{port}"), client })
    }

    /// Gives an account these claims.
    pub async fn set_account(&self, id: &str, claims: Value) {
        self.change(&format!("accounts/{id}"), &claims).await;
    }

    /// Signs with a new key from now on.
    pub async fn rotate_keys(&self) {
        self.change("rotate", &Value::Null).await;
    }

    /// Changes each ID token from now on. `sign` is `key`, `another`, `secret` or `none`.
    pub async fn forge(&self, claims: Value, sign: &str) {
        self.change("forge", &json!({ "claims": claims, "sign": sign })).await;
    }

    async fn change(&self, what: &str, body: &Value) {
        let sent = self.client.post(format!("{}/test/{what}", self.issuer)).json(body).send().await;
        sent.unwrap().error_for_status().unwrap();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(folder: &Path, arguments: &[&str]) -> Option<Child> {
    let mut node = Command::new("node");
    node.arg("provider.mjs").args(arguments).current_dir(folder);
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()
}

#[expect(clippy::disallowed_methods, reason = "a variable for the tests is not a setting of the program")]
fn leave_out(folder: &Path) {
    assert!(
        std::env::var(REQUIRE_VARIABLE).map_or(true, |required| required != "1"),
        "{REQUIRE_VARIABLE} is 1, but there is no node, or no package oidc-provider: run `npm ci` in {}",
        folder.display()
    );
    harness::say_not_tested("single sign-on. Install node, and run `npm ci` in tests/sso/provider");
}
