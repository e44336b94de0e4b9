//! What a browser does in a login: it keeps cookies, and goes where it is sent.

use std::cell::RefCell;
use std::collections::BTreeMap;

use harness::{Answer, PREFIX, send};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};

/// Maximum number of redirects at the provider.
const REDIRECTS_MAX: usize = 10;

/// A browser. Its cookies belong to a scheme, host and port, so that the provider does not get
/// those of the program.
pub struct Browser {
    client: Client,
    server: String,
    issuer: String,
    cookies: RefCell<BTreeMap<(String, String), String>>,
}

/// A cookie that a response sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    pub attributes: String,
}

impl Browser {
    /// A browser of a person who has the account at the provider.
    pub fn new(server: &str, issuer: &str, account: &str) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let browser =
            Self { client, server: server.to_owned(), issuer: issuer.to_owned(), cookies: RefCell::default() };
        browser.set(issuer, "account", account);
        browser
    }

    /// Begins a login and goes through the provider. The result is the address to which the
    /// provider sends the browser back.
    pub async fn reach_callback(&self, return_to: &str) -> String {
        let answer = self.open(&format!("{PREFIX}/auth/sso/login?return_to={return_to}")).await.expect_status(302);
        let mut url = location(&answer.headers);
        for _ in 0..REDIRECTS_MAX {
            if url.starts_with(&self.server) {
                return url;
            }
            assert!(url.starts_with(&self.issuer), "the provider sends the browser to {url}");
            let response = self.prepare(&self.issuer, &url).send().await.unwrap();
            self.keep(&self.issuer, response.headers());
            assert!(response.status().is_redirection(), "{:?}", response.text().await);
            let next = location(response.headers());
            url = if next.starts_with('/') { format!("{}{next}", self.issuer) } else { next };
        }
        panic!("the provider sends the browser around in circles");
    }

    /// A whole login.
    pub async fn login(&self) -> Answer {
        let callback = self.reach_callback("/tasks").await;
        self.open(&callback).await
    }

    /// A whole login that succeeds.
    pub async fn expect_login(&self) {
        let answer = self.login().await.expect_status(303);
        assert_eq!(location(&answer.headers), "/tasks");
    }

    /// Opens a page of the program: a path or a whole address.
    pub async fn open(&self, url: &str) -> Answer {
        self.open_as(url, &[]).await
    }

    /// The same with further headers.
    pub async fn open_as(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        let url = if url.starts_with('/') { format!("{}{url}", self.server) } else { url.to_owned() };
        let request = self.prepare(&self.server, &url);
        let answer = send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await;
        self.keep(&self.server, &answer.headers);
        answer
    }

    /// A call of the API from a page of the program.
    pub async fn post(&self, path: &str) -> Answer {
        let url = format!("{}{PREFIX}{path}", self.server);
        let request = self.client.post(url).header("sec-fetch-site", "same-origin");
        let answer = send(request.header(COOKIE, self.line(&self.server))).await;
        self.keep(&self.server, &answer.headers);
        answer
    }

    /// The value of a cookie of the program.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(&(self.server.clone(), name.to_owned())).cloned()
    }

    /// Sets a cookie of the program.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.set(&self.server, name, value);
    }

    fn set(&self, site: &str, name: &str, value: &str) {
        self.cookies.borrow_mut().insert((site.to_owned(), name.to_owned()), value.to_owned());
    }

    fn prepare(&self, site: &str, url: &str) -> RequestBuilder {
        self.client.get(url).header(COOKIE, self.line(site))
    }

    fn line(&self, site: &str) -> String {
        let cookies = self.cookies.borrow();
        let own = cookies.iter().filter(|((origin, _), _)| origin == site);
        own.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, site: &str, headers: &HeaderMap) {
        for cookie in set_cookies(headers) {
            if cookie.value.is_empty() {
                self.cookies.borrow_mut().remove(&(site.to_owned(), cookie.name));
            } else {
                self.set(site, &cookie.name, &cookie.value);
            }
        }
    }
}

/// The cookies that a response sets, in their order.
pub fn set_cookies(headers: &HeaderMap) -> Vec<SetCookie> {
    let parse = |text: &str| {
        let (pair, attributes) = text.split_once(';')?;
        let (name, value) = pair.split_once('=')?;
        let attributes = attributes.trim().to_owned();
        Some(SetCookie { name: name.to_owned(), value: value.to_owned(), attributes })
    };
    headers.get_all(SET_COOKIE).iter().filter_map(|value| parse(value.to_str().unwrap())).collect()
}

/// Where a response sends the browser.
pub fn location(headers: &HeaderMap) -> String {
    headers[LOCATION].to_str().unwrap().to_owned()
}
