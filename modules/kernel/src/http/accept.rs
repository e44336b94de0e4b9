//! The media types that a request accepts (RFC 9110, section 12.5.1).

use actix_web::http::header::{self, HeaderMap};

/// The quality of a media type without `q`, in thousandths.
const QUALITY_MAX: u16 = 1_000;

/// The `Accept` header of a request. A request without a readable one accepts everything.
#[derive(Debug)]
pub struct Accept(Vec<(String, u16)>);

impl Accept {
    /// Reads the header. A part of it that cannot be read is ignored.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
        Self(values.flat_map(|value| value.split(',')).filter_map(parse_range).collect())
    }

    /// Whether the client names this media type, as a browser names `text/html` when it opens a
    /// page. A script of a page and a program accept it by `*/*` at most.
    #[must_use]
    pub fn names(&self, media_type: &str) -> bool {
        self.0.iter().any(|(known, quality)| known == media_type && *quality > 0)
    }

    /// How much the client wants a media type such as `text/csv`, from 0 (not at all) to 1000. The
    /// most specific part of the header decides.
    #[must_use]
    pub fn quality(&self, media_type: &str) -> u16 {
        if self.0.is_empty() {
            return QUALITY_MAX;
        }
        let group = media_type.split('/').next().unwrap_or_default();
        let of = |range: &str| self.0.iter().find(|(known, _)| known == range).map(|(_, quality)| *quality);
        of(media_type).or_else(|| of(&format!("{group}/*"))).or_else(|| of("*/*")).unwrap_or(0)
    }
}

fn parse_range(part: &str) -> Option<(String, u16)> {
    let mut parameters = part.split(';').map(str::trim);
    let range = parameters.next().filter(|range| range.contains('/'))?.to_ascii_lowercase();
    let quality = parameters.filter_map(|parameter| parameter.split_once('=')).find(|(name, _)| name.trim() == "q");
    let quality = match quality {
        None => QUALITY_MAX,
        Some((_, text)) => parse_quality(text.trim())?,
    };
    Some((range, quality))
}

/// `1`, `0.5` or `0.125`, in thousandths.
fn parse_quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_valid = decimals.len() <= 3 && decimals.bytes().all(|digit| digit.is_ascii_digit());
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok().filter(|_| is_valid)?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(QUALITY_MAX),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn accept(text: &'static str) -> Accept {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(text));
        Accept::of(&headers)
    }

    #[test]
    fn the_most_specific_range_decides() {
        let accept = accept("text/*;q=0.3, text/csv; q=0.7, */*;q=0.125, application/json;q=0");
        assert_eq!(accept.quality("text/csv"), 700);
        assert_eq!(accept.quality("text/html"), 300);
        assert_eq!(accept.quality("image/png"), 125);
        assert_eq!(accept.quality("application/json"), 0);
    }

    #[test]
    fn a_type_that_is_not_named_is_not_accepted_and_no_header_accepts_everything() {
        assert_eq!(accept("text/html").quality("application/json"), 0);
        assert_eq!(Accept::of(&HeaderMap::new()).quality("application/json"), 1_000);
        for unreadable in ["", "json", "application/json;q=2", "a/b;q=x", "a/b;q=0.1234", "a/b;q=1.5"] {
            assert_eq!(accept(unreadable).quality("application/json"), 1_000, "{unreadable}");
        }
        assert_eq!(accept("APPLICATION/JSON ; charset=utf-8;q=1.000").quality("application/json"), 1_000);
    }
}
