//! Chooses the process that a request is forwarded to.

use actix_web::http::header::HeaderMap;
use hyper::Uri;
use kernel::Problem;
use kernel::module::Module;

use super::end_to_end::FORWARDED_HEADER;

/// A module that another process hosts.
pub struct RemoteModule {
    /// The module. Its routes are part of the API of this process, too.
    pub module: Module,
    /// The URL of the process that hosts the module. None: it is not configured.
    pub url: Option<Uri>,
}

/// The URL of the process that hosts the module, if it is remote and configured.
#[must_use]
pub fn url_of<'a>(remote: &'a [RemoteModule], module: &str) -> Option<&'a Uri> {
    remote.iter().find(|remote| remote.module.name == module)?.url.as_ref()
}

/// The URL that a request for a remote module is sent to.
///
/// # Errors
/// 503: the URL is not configured, or another process sent the request here by mistake. A request
/// is forwarded only once, so that two processes with wrong settings do not send it back and forth.
pub fn choose<'a>(remote: &'a [RemoteModule], module: &str, headers: &HeaderMap) -> Result<&'a Uri, Problem> {
    if headers.contains_key(FORWARDED_HEADER) {
        let detail = format!(
            "another process forwarded this request here, but this process does not host the module {module}; \
                 the setting modules.{module}.url of the other process is wrong"
        );
        return Err(Problem::new(503, "module_not_there", detail));
    }
    url_of(remote, module).ok_or_else(|| {
        let detail =
            format!("this process does not host the module {module} and has no URL for it; set modules.{module}.url");
        Problem::new(503, "module_not_here", detail)
    })
}
