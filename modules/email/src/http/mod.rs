//! The module's routes, for admins: count and list the mails, resend one, resend every parked one.

mod get_mail_summary;
mod list_mails;
mod resend_mail;
mod resend_parked_mails;
mod views;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Email;

/// Adds the routes of the module.
pub fn routes(config: &mut ServiceConfig<'_>, service: Email) {
    config
        .app_data(web::Data::new(service))
        .service(list_mails::list_mails)
        .service(get_mail_summary::get_mail_summary)
        .service(resend_mail::resend_mail)
        .service(resend_parked_mails::resend_parked_mails);
}
