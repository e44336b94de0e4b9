//! The cookies that carry the tokens of a browser's session, and the check that a request comes
//! from a page of this program.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::Problem;

/// The cookies of a session. A page cannot read them, because all are `HttpOnly`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCookie {
    /// The access token, which authenticates each request.
    Access,
    /// The refresh token, which gives new tokens.
    Refresh,
    /// A login at an OpenID provider that has begun.
    Login,
    /// The log position that the next reads must include. It is no secret.
    Position,
}

/// Which form the cookies have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieForm {
    /// `Secure`, and with the prefix `__Host-`: no other host can set such a cookie, and it is sent
    /// by TLS only.
    Secure,
    /// Without `Secure` and prefix, for plain HTTP at a loopback address.
    Loopback,
}

/// What the gateway knows of a request from a browser. It is in the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub struct Browser {
    /// The form of the cookies that the request may have and its response may set.
    pub form: CookieForm,
    /// Whether the request comes from a page of this program's own origin.
    pub is_same_origin: bool,
    /// Whether the browser says that a page of another origin has caused the request. A program, a
    /// typed address and an older browser do not say so.
    pub is_cross_origin: bool,
}

impl SessionCookie {
    const fn name(self, form: CookieForm) -> &'static str {
        match (form, self) {
            (CookieForm::Secure, Self::Access) => "__Host-piecework_access",
            (CookieForm::Secure, Self::Refresh) => "__Host-piecework_refresh",
            (CookieForm::Secure, Self::Login) => "__Host-piecework_login",
            (CookieForm::Secure, Self::Position) => "__Host-piecework_position",
            (CookieForm::Loopback, Self::Access) => "piecework_access",
            (CookieForm::Loopback, Self::Refresh) => "piecework_refresh",
            (CookieForm::Loopback, Self::Login) => "piecework_login",
            (CookieForm::Loopback, Self::Position) => "piecework_position",
        }
    }
}

impl Browser {
    /// The value of a cookie of the request. An empty cookie counts as missing.
    #[must_use]
    pub fn find<'a>(&self, headers: &'a HeaderMap, cookie: SessionCookie) -> Option<&'a str> {
        let wanted = cookie.name(self.form);
        let lines = headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
    }

    /// A `Set-Cookie` that lasts for `max_age_s` seconds. Zero seconds delete the cookie.
    ///
    /// # Errors
    /// 500: the value cannot be in a header.
    pub fn set(&self, cookie: SessionCookie, value: &str, max_age_s: i64) -> Result<HeaderValue, Problem> {
        let name = cookie.name(self.form);
        let secure = if self.form == CookieForm::Secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly{secure}; SameSite=Lax");
        HeaderValue::from_str(&text).map_err(|error| Problem::internal(&error))
    }

    /// A `Set-Cookie` that deletes the cookie.
    ///
    /// # Errors
    /// None in practice: the text is fixed.
    pub fn delete(&self, cookie: SessionCookie) -> Result<HeaderValue, Problem> {
        self.set(cookie, "", 0)
    }

    /// Refuses a request that does not come from a page of this program's own origin.
    ///
    /// # Errors
    /// 403 `csrf_refused`.
    pub fn require_same_origin(&self) -> Result<(), Problem> {
        if self.is_same_origin {
            return Ok(());
        }
        let detail = "a request that uses or sets session cookies and changes something needs the header \
                      `Sec-Fetch-Site: same-origin` or, without that header, the own `Origin`";
        Err(Problem::new(403, "csrf_refused", detail))
    }

    /// Refuses a request that a page of another origin has caused, such as a link.
    ///
    /// # Errors
    /// 403 `csrf_refused`.
    pub fn refuse_cross_origin(&self) -> Result<(), Problem> {
        if self.is_cross_origin {
            let detail = "a page of another origin has opened this address; open it from a page of this program";
            return Err(Problem::new(403, "csrf_refused", detail));
        }
        Ok(())
    }
}

impl FromRequest for Browser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let browser = request.extensions().get::<Self>().copied();
        ready(browser.ok_or_else(|| Problem::internal(&"the gateway has not identified the sender of the request")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(form: CookieForm) -> Browser {
        Browser { form, is_same_origin: true, is_cross_origin: false }
    }

    #[test]
    fn a_cookie_has_exactly_these_attributes() {
        let text = |form, cookie| browser(form).set(cookie, "abc", 600).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            text(CookieForm::Secure, SessionCookie::Access),
            "__Host-piecework_access=abc; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax"
        );
        assert_eq!(
            text(CookieForm::Loopback, SessionCookie::Refresh),
            "piecework_refresh=abc; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"
        );
        let deleted = browser(CookieForm::Secure).delete(SessionCookie::Refresh).unwrap();
        assert_eq!(deleted, "__Host-piecework_refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
    }

    #[test]
    fn a_cookie_is_found_by_its_name_in_the_form_of_the_request_only() {
        let mut headers = HeaderMap::new();
        headers
            .append(header::COOKIE, HeaderValue::from_static("a=b; piecework_access=plain;__Host-piecework_access=x"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-piecework_refresh=; piecework_refreshed=1"));
        let find = |form, cookie| browser(form).find(&headers, cookie);
        assert_eq!(find(CookieForm::Secure, SessionCookie::Access), Some("x"));
        assert_eq!(find(CookieForm::Loopback, SessionCookie::Access), Some("plain"));
        assert_eq!(find(CookieForm::Secure, SessionCookie::Refresh), None);
        assert_eq!(find(CookieForm::Loopback, SessionCookie::Refresh), None);
    }
}
