//! Lists in pages. A handler takes a [`List`], reads `limit.rows()` rows after the position of the
//! cursor, and cuts the page from them. This file is the only one that reads and makes cursors.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Cursor, CursorSigner};
use super::extractors::parse_query;
use super::problem::Problem;

/// Number of items on a page if the request does not say.
const LIMIT_DEFAULT: u16 = 50;
/// Maximum number of items on a page.
const LIMIT_MAX: u16 = 200;
/// The query parameters of a page. All others are filters.
const PAGE_PARAMETERS: [&str; 2] = ["cursor", "limit"];

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items of the page, in the order of the list.
    pub items: Vec<T>,
    /// The `cursor` of the request for the next page; null on the last page. It is valid for the
    /// same path, filters and caller only.
    #[schema(required, value_type = Option<String>)]
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page with each item converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next_cursor: self.next_cursor }
    }
}

/// The query parameters of a page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The `next_cursor` of the previous page. Without it, the list begins.
    cursor: Option<String>,
    /// Maximum number of items in the page.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

/// The number of items on a page, 1 to 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct Limit(u16);

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl TryFrom<u64> for Limit {
    type Error = String;

    fn try_from(limit: u64) -> Result<Self, String> {
        u16::try_from(limit)
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .map(Self)
            .ok_or_else(|| format!("a limit is 1 to {LIMIT_MAX}"))
    }
}

impl Limit {
    /// The longest page.
    pub const MAX: Self = Self(LIMIT_MAX);
    /// Number of rows to read for the longest page.
    pub const ROWS_MAX: i64 = LIMIT_MAX as i64 + 1;

    /// Number of rows to read: one more than the page has, to know whether there is a next page.
    #[must_use]
    pub fn rows(self) -> i64 {
        i64::from(self.0) + 1
    }

    /// Reduces rows, of which `rows()` were read, to a page. Returns whether there are more.
    pub(super) fn truncate<T>(self, rows: &mut Vec<T>) -> bool {
        let more = rows.len() > usize::from(self.0);
        rows.truncate(usize::from(self.0));
        more
    }
}

/// A list that has no filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

/// The query of a list: its filters `F`, and the page after the position `K` of the cursor. `F`
/// must be declared with `deny_unknown_fields`.
pub struct List<F, K> {
    /// The filters.
    pub filter: F,
    /// The page.
    pub page: PageRequest<K>,
}

/// The page that a request asks for.
pub struct PageRequest<K> {
    /// The position of the last item of the previous page. `None` for the first page.
    pub after: Option<K>,
    /// Maximum number of items.
    pub limit: Limit,
    signer: CursorSigner,
}

impl<K: Serialize> PageRequest<K> {
    /// Makes a page of rows, of which `limit.rows()` were read. `key` is the position of a row.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Page<T> {
        let more = self.limit.truncate(&mut rows);
        let next_cursor = rows.last().filter(|_| more).map(|last| self.signer.sign(&key(last)));
        Page { items: rows, next_cursor }
    }
}

impl<F: DeserializeOwned, K: DeserializeOwned> FromRequest for List<F, K> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(parse(request))
    }
}

fn parse<F: DeserializeOwned, K: DeserializeOwned>(request: &HttpRequest) -> Result<List<F, K>, Problem> {
    let (page, filters): (Vec<&str>, Vec<&str>) = request.query_string().split('&').partition(|part| is_of_page(part));
    let PageQuery { cursor, limit } = parse_query(&page.join("&"))?;
    let filters = filters.join("&");
    let filter = parse_query(&filters)?;
    let signer = CursorSigner::new(request, parse_query(&filters)?)?;
    let after = cursor.map(|cursor| signer.verify(&cursor)).transpose()?;
    Ok(List { filter, page: PageRequest { after, limit, signer } })
}

/// The first parameter of a page in the query, if it has one.
pub(super) fn page_parameter(request: &HttpRequest) -> Option<&str> {
    request.query_string().split('&').find(|part| is_of_page(part)).and_then(|part| part.split('=').next())
}

fn is_of_page(part: &str) -> bool {
    PAGE_PARAMETERS.contains(&part.split('=').next().unwrap_or_default())
}
