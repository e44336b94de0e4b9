//! Lists as CSV files (RFC 4180): with `Accept: text/csv` a list is answered with all of its rows.
//!
//! A file is streamed page by page, so one page is in memory at a time. The first page is read
//! before the answer begins, so an error in it is a problem document. If a later page cannot be
//! read, the connection is closed before the end of the body, and no client takes the file for
//! complete.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use contracts::Id;
use futures_util::stream;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::accept::Accept;
use super::paging::{Limit, List, PageRequest, page_parameter};
use super::problem::{Problem, REQUEST_ID, request_id};
use crate::db::consistency;

/// The media type of a file.
const MEDIA_TYPE: &str = "text/csv";
/// The first characters of a text that a spreadsheet would execute as a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A row of a list as a row of a CSV file.
pub trait CsvRow {
    /// The names of the columns. They are stable: a new column is added at the end.
    const COLUMNS: &'static [&'static str];

    /// The cells of the row, one for each column.
    fn cells(&self) -> Vec<Cell>;
}

/// One cell of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// There is no value.
    Empty,
    /// A number, which may be negative. It stays as it is.
    Number(i64),
    /// Any text. If a spreadsheet could take it for a formula, it gets an apostrophe in front.
    Text(String),
}

/// The query of a list that is answered as a page or as a file.
pub struct Exportable<F, K> {
    /// The filters.
    pub filter: F,
    /// The rows that the request asks for.
    pub export: Export<K>,
}

/// Answers with a page of rows or with all of them.
pub struct Export<K> {
    page: PageRequest<K>,
    is_file: bool,
}

impl<F: DeserializeOwned, K: DeserializeOwned> FromRequest for Exportable<F, K> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accept = Accept::of(request.headers());
        let is_file = accept.quality(MEDIA_TYPE) > accept.quality("application/json");
        if let Some(name) = page_parameter(request).filter(|_| is_file) {
            let detail = "a CSV file contains all rows and has no pages";
            return ready(Err(Problem::malformed(format!("?{name}"), detail)));
        }
        let list = List::<F, K>::from_request(request, payload).into_inner();
        ready(list.map(|List { filter, page }| Self { filter, export: Export { page, is_file } }))
    }
}

impl<K: Serialize + 'static> Export<K> {
    /// Reads rows with `read`, which gets the position after which they begin, and answers with
    /// their views. `key` is the position of a row. `name` is the name of the file without `.csv`.
    ///
    /// # Errors
    /// The rows, or the first rows of a file, cannot be read.
    pub async fn answer<Row, View, Work, Error>(
        self,
        name: &str,
        read: impl Fn(Option<K>, Limit) -> Work + 'static,
        key: impl Fn(&Row) -> K + 'static,
        view: impl Fn(Row) -> View + 'static,
    ) -> Result<HttpResponse, Problem>
    where
        View: Serialize + CsvRow + 'static,
        Row: 'static,
        Work: Future<Output = Result<Vec<Row>, Error>> + 'static,
        Error: Into<Problem> + 'static,
    {
        let Self { mut page, is_file } = self;
        if !is_file {
            let rows = read(page.after.take(), page.limit).await.map_err(Into::into)?;
            return Ok(HttpResponse::Ok().json(page.cut(rows, key).map(view)));
        }
        let source = Rc::new((read, key, view));
        let read_page = move |after: Option<K>| {
            let source = Rc::clone(&source);
            async move {
                let (read, key, view) = &*source;
                let is_first = after.is_none();
                let mut rows = read(after, Limit::MAX).await.map_err(Into::into)?;
                let more = Limit::MAX.truncate(&mut rows);
                let next = rows.last().filter(|_| more).map(key);
                let views: Vec<View> = rows.into_iter().map(view).collect();
                let bytes = write_rows(is_first, &views).map_err(|error| Problem::internal(&error))?;
                Ok::<_, Problem>((Bytes::from(bytes), next))
            }
        };
        let first = read_page(None).await?;
        Ok(file_response(name).streaming(pages(first, read_page)))
    }
}

/// The first page, and the pages after it, which are read when the client has taken the previous
/// one. They are read as part of the request: at its position, and with its id in the log.
fn pages<K: 'static, Work>(
    (first, next): (Bytes, Option<K>),
    read_page: impl Fn(Option<K>) -> Work + 'static,
) -> impl stream::Stream<Item = Result<Bytes, Problem>>
where
    Work: Future<Output = Result<(Bytes, Option<K>), Problem>> + 'static,
{
    let (id, position) = (request_id(), consistency::current().unwrap_or_default());
    stream::try_unfold((Some(first), next), move |(first, next)| {
        let page = match (first, next) {
            (Some(bytes), next) => Ok(Some((bytes, (None, next)))),
            (None, None) => Ok(None),
            (None, Some(after)) => Err(read_page(Some(after))),
        };
        let (id, position) = (id.clone(), position.clone());
        async move {
            match page {
                Ok(known) => Ok(known),
                Err(reading) => {
                    let (bytes, next) = REQUEST_ID.scope(id, consistency::scope(position, reading)).await?;
                    Ok(Some((bytes, (None, next))))
                }
            }
        }
    })
}

fn file_response(name: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")));
    response
}

fn write_rows<View: CsvRow>(with_header: bool, rows: &[View]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if with_header {
        writer.write_record(View::COLUMNS)?;
    }
    for row in rows {
        writer.write_record(row.cells().iter().map(Cell::text))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

impl Cell {
    /// The text of the cell in the file, before quoting.
    fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) if text.starts_with(FORMULA_STARTS) => format!("'{text}"),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<NaiveDate> for Cell {
    fn from(date: NaiveDate) -> Self {
        Self::Text(date.to_string())
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Text(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<T> From<Id<T>> for Cell {
    fn from(id: Id<T>) -> Self {
        Self::Text(id.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair(Cell, Cell);

    impl CsvRow for Pair {
        const COLUMNS: &'static [&'static str] = &["left", "right"];

        fn cells(&self) -> Vec<Cell> {
            vec![self.0.clone(), self.1.clone()]
        }
    }

    fn written(left: impl Into<Cell>, right: impl Into<Cell>) -> String {
        String::from_utf8(write_rows(false, &[Pair(left.into(), right.into())]).unwrap()).unwrap()
    }

    #[test]
    fn a_text_that_a_spreadsheet_would_execute_gets_an_apostrophe_and_a_number_does_not() {
        for start in ["=", "+", "-", "@", "\t"] {
            assert_eq!(written(format!("{start}1").as_str(), 1), format!("'{start}1,1\r\n"));
        }
        assert_eq!(written("\r1", -1_250_i64), "\"'\r1\",-1250\r\n");
        assert_eq!(written("a=1", Cell::from(None::<i64>)), "a=1,\r\n");
    }

    #[test]
    fn quotes_commas_and_lines_stay_within_their_cell() {
        assert_eq!(written("a,\"b\"\nc", "д"), "\"a,\"\"b\"\"\nc\",д\r\n");
        let with_header = write_rows::<Pair>(true, &[]).unwrap();
        assert_eq!(with_header, b"left,right\r\n");
    }
}
