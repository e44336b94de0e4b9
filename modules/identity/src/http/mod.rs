//! The routes of the module, one endpoint a file.

mod complete_sso_login;
mod create_api_token;
mod create_invitation;
mod create_people;
mod create_person;
mod create_set_password_link;
mod delete_api_token;
mod delete_my_api_token;
mod delete_session;
mod delete_sessions_of_person;
mod get_me;
mod get_person;
mod get_sso;
mod list_api_tokens;
mod list_audit_records;
mod list_my_api_tokens;
mod list_people;
mod list_sessions;
mod login;
mod login_by_sso;
mod logout;
mod refresh_tokens;
mod request_password_reset;
mod set_password;
mod update_me;
mod update_my_password;
mod update_person;
mod views;

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::service::Identity;

/// Adds the routes of the module.
pub fn routes(config: &mut ServiceConfig<'_>, service: Identity) {
    config
        .app_data(Data::new(service))
        .service(login::login)
        .service(get_sso::get_sso)
        .service(login_by_sso::login_by_sso)
        .service(complete_sso_login::complete_sso_login)
        .service(refresh_tokens::refresh_tokens)
        .service(logout::logout)
        .service(set_password::set_password)
        .service(request_password_reset::request_password_reset)
        .service(get_me::get_me)
        .service(update_me::update_me)
        .service(update_my_password::update_my_password)
        .service(list_my_api_tokens::list_my_api_tokens)
        .service(create_api_token::create_api_token)
        .service(delete_my_api_token::delete_my_api_token)
        .service(list_people::list_people)
        .service(create_person::create_person)
        .service(create_people::create_people)
        .service(get_person::get_person)
        .service(update_person::update_person)
        .service(create_set_password_link::create_set_password_link)
        .service(create_invitation::create_invitation)
        .service(list_api_tokens::list_api_tokens)
        .service(delete_api_token::delete_api_token)
        .service(list_sessions::list_sessions)
        .service(delete_session::delete_session)
        .service(delete_sessions_of_person::delete_sessions_of_person)
        .service(list_audit_records::list_audit_records);
}
